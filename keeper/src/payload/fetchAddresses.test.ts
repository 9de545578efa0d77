import type { RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";

import { expect } from "chai";

import {
  BYTES,
  closeMirrors,
  DATA_URI,
  failuresOf,
  fetchFrom,
  good,
  listen,
  mirror,
  PUBLIC,
  recordingConnector,
} from "../testing/mirrors.ts";
import type { Connector } from "./pinned.ts";

describe("fetchPayload: where it goes", () => {
  afterEach(closeMirrors);

  describe("addresses", () => {
    const strict = { allowPrivate: false };

    it("refuses private addresses in every spelling before it connects [PAY-8]", async () => {
      const { port, asked } = await mirror(good);
      const hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0",
      ];
      for (const host of [...hosts, "[::ffff:7f00:1]", "localhost"]) {
        const [code] = await failuresOf(fetchFrom([`http://${host}:${port}/`], { policy: strict }));
        expect(code, host).to.be.oneOf(["ADDRESS_NOT_ALLOWED", "HOST_NOT_ALLOWED"]);
      }
      expect(asked()).to.equal(0);
    });

    it("takes a host and port on the list", async () => {
      const { url, port } = await mirror(good);
      const policy = { allowPrivate: false, allowedHosts: [`127.0.0.1:${port}`] };
      expect((await fetchFrom([url], { policy })).bytes).to.deep.equal(BYTES);
    });

    it("connects to the very address that was checked, whatever the resolver says later (rebinding) [PAY-8]", async () => {
      const { port } = await mirror(good);
      const { connector, connected } = recordingConnector(port);
      let lookups = 0;
      const lookup = async () => (++lookups === 1 ? [PUBLIC] : ["127.0.0.1"]);
      const { bytes } = await fetchFrom(["http://rebind.example/"], { policy: strict, lookup, connector });
      expect(bytes).to.deep.equal(BYTES);
      expect(lookups, "one look, one connection").to.equal(1);
      expect(connected).to.deep.equal([`${PUBLIC}:80`]);
    });

    it("checks again when it tries again: first public, then private", async () => {
      const busy = await mirror((_request, response) => response.writeHead(503).end());
      const { connector, connected } = recordingConnector(busy.port);
      let lookups = 0;
      const lookup = async () => (++lookups === 1 ? [PUBLIC] : ["169.254.169.254"]);
      const options = { policy: strict, lookup, connector, limits: { rounds: 3 } };
      expect(await failuresOf(fetchFrom(["http://rebind.example/"], options))).to.deep.equal([
        "ADDRESS_NOT_ALLOWED",
      ]);
      expect(connected).to.deep.equal([`${PUBLIC}:80`]);
      expect(lookups).to.equal(2);
    });

    it("tries the other addresses of a host, and those only", async () => {
      const { port } = await mirror(good);
      const { connector, connected } = recordingConnector(port);
      const flaky: Connector = (options, callback) =>
        options.hostname === PUBLIC
          ? (connected.push("refused"), callback(new Error("no route"), null))
          : connector(options, callback);
      const lookup = async () => [PUBLIC, "2606:4700::1"];
      const uris = ["http://mirror.example:8080/"];
      expect((await fetchFrom(uris, { policy: strict, lookup, connector: flaky })).uri).to.equal(uris[0]);
      expect(connected).to.deep.equal(["refused", "2606:4700::1:8080"]);
    });

    it("sends the name of the host to TLS, though it connects to the address", async () => {
      let hello = "";
      const port = await listen(
        createTcpServer((socket) => {
          socket.on("error", () => {});
          socket.once("data", (data) => {
            hello = data.toString("latin1");
            socket.destroy();
          });
        }),
      );
      const { connector, connected } = recordingConnector(port);
      const options = { policy: strict, lookup: async () => [PUBLIC], connector };
      expect(await failuresOf(fetchFrom(["https://mirror.example/"], options))).to.deep.equal([
        "CONNECTION_FAILED",
      ]);
      expect(hello).to.include("mirror.example");
      expect(connected[0]).to.match(/^93\.184\.215\.14:80$/);
    });
  });

  describe("redirects", () => {
    const to =
      (location: string | undefined, status = 302): RequestListener =>
      (_request, response) =>
        response.writeHead(status, location === undefined ? {} : { location }).end();

    it("follows three, relative ones too, and no fourth [PAY-8]", async () => {
      let hops = 3;
      const chain = await mirror((request, response) => {
        const left = Number(request.url?.slice(2) || hops);
        return left === 0
          ? response.end(BYTES)
          : response.writeHead(307, { location: `/p${left - 1}` }).end();
      });
      expect((await fetchFrom([chain.url])).uri).to.equal(chain.url);
      hops = 4;
      expect(await failuresOf(fetchFrom([chain.url]))).to.deep.equal(["TOO_MANY_REDIRECTS"]);
    });

    it("never goes into a private address, by name, number or mapped [PAY-8]", async () => {
      const inside = await mirror(good);
      const hosts = ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "inside.example", "169.254.169.254"];
      for (const [i, host] of hosts.entries()) {
        const outside = await mirror(
          to(`${i % 2 ? "http:" : ""}//${host}:${inside.port}/latest/meta-data`, 301 + (i % 3)),
        );
        const { connector, connected } = recordingConnector(outside.port);
        const lookup = async (name: string) => (name === "outside.example" ? [PUBLIC] : ["10.0.0.1"]);
        const options = { policy: { allowPrivate: false }, lookup, connector };
        const [code] = await failuresOf(fetchFrom(["http://outside.example/"], options));
        expect(code, host).to.be.oneOf(["ADDRESS_NOT_ALLOWED", "HOST_NOT_ALLOWED"]);
        expect(connected, host).to.deep.equal([`${PUBLIC}:80`]);
      }
      expect(inside.asked()).to.equal(0);
    });

    it("leaves the endless body of a redirect or an error behind", async () => {
      for (const status of [302, 404]) {
        let isOver = false;
        const { url } = await mirror((_request, response) => {
          response.writeHead(status, { location: DATA_URI });
          const timer = setInterval(() => response.write("x"), 5);
          response.once("close", () => {
            clearInterval(timer);
            isOver = true;
          });
        });
        await failuresOf(fetchFrom([url]));
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(isOver, String(status)).to.equal(true);
      }
    });

    it("goes to no other scheme and not nowhere", async () => {
      for (const location of [
        "file:///etc/passwd",
        DATA_URI,
        "ftp://mirror.example/",
        "http://a:b@127.0.0.1/",
      ]) {
        const { url } = await mirror(to(location));
        expect(await failuresOf(fetchFrom([url])), location).to.deep.equal(["HOST_NOT_ALLOWED"]);
      }
      for (const location of [undefined, "http://"]) {
        const { url } = await mirror(to(location));
        expect(await failuresOf(fetchFrom([url])), location).to.deep.equal(["REDIRECT_NOT_VALID"]);
      }
    });
  });
});
