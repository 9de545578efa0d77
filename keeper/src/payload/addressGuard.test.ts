import { expect } from "chai";
import fc from "fast-check";
import { addressRange, checkTarget, GuardError, type AddressPolicy } from "./addressGuard.ts";

const STRICT: AddressPolicy = { allowPrivate: false, allowedHosts: [] };
const PUBLIC = "93.184.215.14";

async function codeOf(given: string, addresses: string[] = [PUBLIC], policy = STRICT): Promise<string> {
  try {
    await checkTarget(given, { policy, lookup: async () => addresses });
    return "allowed";
  } catch (error) {
    expect(error, given).to.be.instanceOf(GuardError);
    return (error as GuardError).code;
  }
}

describe("addressRange", () => {
  const notPublic = [
    ["0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"],
    ["172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
    ["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    ["::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1"],
    [
      "64:ff9b:1::1",
      "100::1",
      "2001::1",
      "2001:db8::1",
      "2002:7f00:1::",
      "3fff::1",
      "5f00::1",
      "fc00::1",
      "fd12::1",
    ],
    [
      "fe80::1",
      "fe80::1%eth0",
      "fec0::1",
      "ff02::1",
      "4000::1",
      "",
      "localhost",
      "1",
      "127.1",
      "0x7f000001",
      "134744072",
    ],
  ].flat();
  for (const address of notPublic) {
    it(`does not call ${address || "nothing"} public`, () =>
      expect(addressRange(address)).to.not.equal("public"));
  }

  for (const address of [
    PUBLIC,
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450::1",
  ]) {
    it(`calls ${address} public`, () => expect(addressRange(address)).to.equal("public"));
  }

  it("calls no IPv6 form of an IPv4 address public", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom("::", "::ffff:", "::ffff:0:", "64:ff9b::"), (ipv4, prefix) => {
        expect(addressRange(prefix + ipv4)).to.not.equal("public");
      }),
    );
  });
});

describe("checkTarget", () => {
  it("gives the checked addresses of a public host", async () => {
    const lookup = async () => [PUBLIC, "2606:4700::1"];
    const target = await checkTarget("https://mirror.example/a?b", { policy: STRICT, lookup });
    expect(target.addresses).to.deep.equal([PUBLIC, "2606:4700::1"]);
    expect(target.url.href).to.equal("https://mirror.example/a?b");
  });

  it("refuses a name if any of its addresses is not public", async () => {
    expect(await codeOf("http://mirror.example/", [PUBLIC, "10.0.0.1"])).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("http://localhost/", ["127.0.0.1"])).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("http://metadata.example./", ["169.254.169.254"])).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("http://mirror.example/", ["nonsense"])).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("http://mirror.example/", [])).to.equal("HOST_NOT_FOUND");
  });

  it("refuses private addresses in the URI, without asking the resolver", async () => {
    for (const host of [
      "127.0.0.1",
      "10.1.2.3",
      "[::1]",
      "[::ffff:7f00:1]",
      "[fe80::1]",
      "[64:ff9b::a00:1]",
    ]) {
      expect(await codeOf(`http://${host}/`), host).to.equal("ADDRESS_NOT_ALLOWED");
    }
  });

  it("refuses addresses in decimal, octal, hexadecimal and short forms, even public ones", async () => {
    const hosts = ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "134744072", "①②⑦.0.0.1"];
    for (const host of [...hosts, "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "%31%32%37.0.0.1"]) {
      expect(await codeOf(`http://${host}/`), host).to.equal("HOST_NOT_ALLOWED");
    }
  });

  it("refuses credentials, other schemes and what is no URI", async () => {
    for (const uri of [
      "http://a:b@mirror.example/",
      "http://a@mirror.example/",
      "file:///etc/passwd",
      "ftp://x/",
      "x",
      "",
    ]) {
      expect(await codeOf(uri), uri).to.equal("HOST_NOT_ALLOWED");
    }
  });

  it("lets exactly the listed host and port through", async () => {
    const policy = { allowPrivate: false, allowedHosts: ["127.0.0.1:8080", "Store.lan:443", "[::1]:80"] };
    expect(await codeOf("http://127.0.0.1:8080/", [], policy)).to.equal("allowed");
    expect(await codeOf("http://127.0.0.1:8081/", [], policy)).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("https://store.LAN/", ["10.0.0.1"], policy)).to.equal("allowed");
    expect(await codeOf("http://store.lan/", ["10.0.0.1"], policy)).to.equal("ADDRESS_NOT_ALLOWED");
    expect(await codeOf("http://[::1]/", [], policy)).to.equal("allowed");
    expect(await codeOf("http://127.0.0.1/", [], { allowPrivate: true, allowedHosts: [] })).to.equal(
      "allowed",
    );
  });

  it("calls a failing resolver a passing trouble", async () => {
    const lookup = async () => Promise.reject(new Error("SERVFAIL"));
    const error = await checkTarget("http://mirror.example/", { policy: STRICT, lookup }).catch(
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(GuardError).and.to.include({ code: "HOST_NOT_FOUND", retryable: true });
  });
});
