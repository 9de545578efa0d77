import { crc32, deflateSync } from "node:zlib";

import { expect } from "chai";
import { encode as encodeElsewhere, decode as decodeElsewhere } from "fast-png";
import fc from "fast-check";

import { createLayOut, resizePlanes, toPlanes, type Arrangement, type Planes } from "./pixels.ts";
import { decodePng, MAX_PIXELS, PngError, readPngHeader, type Pixels } from "./png.ts";
import { encodePng } from "./pngEncode.ts";

const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anySize = fc.integer({ min: 1, max: 9 });

/** A PNG file of any kind, rows unfiltered. */
function pngFile(
  { width, height, depth, colour, interlace = 0 }: Record<string, number>,
  rows: Uint8Array,
  extra: readonly (readonly [string, Uint8Array])[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width!, 0);
  header.writeUInt32BE(height!, 4);
  header.set([depth!, colour!, 0, 0, interlace], 8);
  const chunk = (type: string, content: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const rowBytes = rows.length / height!;
  const raw = Buffer.concat(
    Array.from({ length: height! }, (_, y) =>
      Buffer.concat([Buffer.of(0), rows.subarray(y * rowBytes, (y + 1) * rowBytes)]),
    ),
  );
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    ...extra.map(([type, content]) => chunk(type, content)),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const reason = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(PngError);
    return (error as PngError).message;
  }
  return "read";
};

describe("PNG", () => {
  it("comes back as it was written, here and in another implementation", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(anySize, anySize, fc.constantFrom(1, 3) as fc.Arbitrary<1 | 3>)
          .chain(([width, height, channels]) =>
            anyBytes(width * height * channels).map((data): Pixels => ({ width, height, channels, data })),
          ),
        (image) => {
          const file = encodePng(image);
          expect(decodePng(file)).to.deep.equal(image);
          expect([...decodeElsewhere(file, { checkCrc: true }).data]).to.deep.equal([...image.data]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("reads what another implementation wrote, alpha on black and 16 bits cut", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(anySize, anySize, fc.integer({ min: 1, max: 4 }))
          .chain(([width, height, channels]) =>
            anyBytes(width * height * channels).map((data) => ({ width, height, channels, data })),
          ),
        ({ width, height, channels, data }) => {
          const colours = channels < 3 ? 1 : 3;
          const wanted = Array.from({ length: width * height }, (_, i) => {
            const alpha = channels % 2 === 0 ? data[i * channels + colours]! : 255;
            return Array.from({ length: colours }, (_c, c) =>
              Math.round((data[i * channels + c]! * alpha) / 255),
            );
          }).flat();
          const eight = encodeElsewhere({ width, height, channels, depth: 8, data });
          expect([...decodePng(Buffer.from(eight)).data]).to.deep.equal(wanted);
          const wide = Uint16Array.from(data, (byte) => byte * 256 + 7);
          const sixteen = encodeElsewhere({ width, height, channels, depth: 16, data: wide });
          expect([...decodePng(Buffer.from(sixteen)).data]).to.deep.equal(wanted);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("undoes every filter", () => {
    // Two rows of two grey pixels by hand: the second filtered with 0 to 4 against the first, 10 and 20.
    const first = [0, 10, 20];
    for (const [filter, row, wanted] of [
      [0, [5, 7], [5, 7]],
      [1, [5, 7], [5, 12]],
      [2, [5, 7], [15, 27]],
      [3, [5, 7], [10, 22]],
      [4, [5, 7], [15, 27]],
    ] as const) {
      const raw = Buffer.of(...first, filter, ...row);
      const file = pngFile({ width: 2, height: 2, depth: 8, colour: 0 }, Uint8Array.of(1, 2, 3, 4));
      const data = deflateSync(raw);
      const at = file.indexOf("IDAT");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      const end = file.subarray(file.indexOf("IEND") - 4);
      const changed = Buffer.concat([
        file.subarray(0, at - 4),
        length,
        Buffer.from("IDAT"),
        data,
        Buffer.alloc(4),
        end,
      ]);
      expect([...decodePng(changed).data], `filter ${filter}`).to.deep.equal([10, 20, ...wanted]);
    }
  });

  it("reads few bits and palettes", () => {
    const bits = pngFile(
      { width: 4, height: 2, depth: 1, colour: 0 },
      Uint8Array.of(0b1010_0000, 0b0111_0000),
    );
    expect([...decodePng(bits).data]).to.deep.equal([255, 0, 255, 0, 0, 255, 255, 255]);
    const four = pngFile({ width: 2, height: 1, depth: 4, colour: 0 }, Uint8Array.of(0x3f));
    expect([...decodePng(four).data]).to.deep.equal([51, 255]);
    const extra = [
      ["PLTE", Uint8Array.of(255, 0, 0, 0, 200, 0)],
      ["tRNS", Uint8Array.of(255, 51)],
    ] as const;
    const palette = pngFile({ width: 2, height: 1, depth: 2, colour: 3 }, Uint8Array.of(0b0001_0000), extra);
    expect(decodePng(palette)).to.deep.equal({
      width: 2,
      height: 1,
      channels: 3,
      data: Uint8Array.of(255, 0, 0, 0, 40, 0),
    });
    const missing = pngFile({ width: 1, height: 1, depth: 2, colour: 3 }, Uint8Array.of(0xc0), extra);
    expect(reason(() => decodePng(missing))).to.equal("no colour 3");
  });

  it("lays pixels of the transparent colour on black", () => {
    const key = [["tRNS", Uint8Array.of(0, 7)]] as const;
    const grey = pngFile({ width: 3, height: 1, depth: 8, colour: 0 }, Uint8Array.of(6, 7, 8), key);
    expect([...decodePng(grey).data]).to.deep.equal([6, 0, 8]);
    const colour = [["tRNS", Uint8Array.of(0, 1, 0, 2, 0, 3)]] as const;
    const pixels = Uint8Array.of(1, 2, 3, 1, 2, 4);
    const rgb = pngFile({ width: 2, height: 1, depth: 8, colour: 2 }, pixels, colour);
    expect([...decodePng(rgb).data]).to.deep.equal([0, 0, 0, 1, 2, 4]);
  });

  it("refuses what it does not read, before it unfolds anything", () => {
    const small = { width: 1, height: 1, depth: 8, colour: 0 };
    const row = Uint8Array.of(7);
    expect(reason(() => decodePng(pngFile(small, row)))).to.equal("read");
    expect(reason(() => decodePng(pngFile({ ...small, interlace: 1 }, row)))).to.match(/interlaced/);
    expect(reason(() => decodePng(pngFile({ ...small, colour: 5 }, row)))).to.match(/colour type 5/);
    expect(reason(() => decodePng(pngFile({ ...small, depth: 3 }, row)))).to.match(/depth 3/);
    expect(reason(() => decodePng(pngFile(small, row).subarray(0, 50)))).to.equal("cut off");
    expect(reason(() => readPngHeader(Buffer.from("no image")))).to.equal("no PNG file");
    for (const [width, height] of [
      [MAX_PIXELS + 1, 1],
      [0xffff_ffff, 0xffff_ffff],
      [0, 1],
    ] as const)
      expect(
        reason(() => readPngHeader(pngFile({ ...small, width, height: 1 }, row).fill(0, 20, 20))),
        `${height}`,
      ).to.match(/pixels/);
  });

  it("stops unfolding at the size the header says", () => {
    const bomb = pngFile({ width: 1, height: 1, depth: 8, colour: 0 }, new Uint8Array(100_000_000));
    expect(bomb.length).to.be.below(196_608);
    const before = process.memoryUsage().rss;
    expect(reason(() => decodePng(bomb))).to.match(/unfolded/);
    expect(process.memoryUsage().rss - before, "bytes").to.be.below(50_000_000);
  });

  it("answers any bytes with pixels or its own error", () => {
    const good = encodePng({ width: 3, height: 2, channels: 3, data: new Uint8Array(18).fill(99) });
    for (let bit = 0; bit < good.length * 8; bit++) {
      const flipped = Buffer.from(good);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      reason(() => decodePng(flipped));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 99 }), (rest) => {
        reason(() => decodePng(Buffer.concat([good.subarray(0, 33), rest])));
      }),
    );
  });
});

describe("pixels", () => {
  const grey = (width: number, height: number, ...data: number[]): Planes => ({
    width,
    height,
    planes: [Float32Array.from(data)],
  });
  const RED_BLUE: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) };

  it("orders channels", () => {
    const planes = (order: "gray" | "rgb" | "bgr") =>
      toPlanes(RED_BLUE, order).planes.map((plane) => [...plane]);
    expect(planes("rgb")).to.deep.equal([
      [255, 0],
      [0, 0],
      [0, 255],
    ]);
    expect(planes("bgr")).to.deep.equal([
      [0, 255],
      [0, 0],
      [255, 0],
    ]);
    // 0.299 · 255 and 0.114 · 255.
    expect(planes("gray")).to.deep.equal([[76, 29]]);
    const one: Pixels = { width: 1, height: 1, channels: 1, data: Uint8Array.of(9) };
    expect(toPlanes(one, "rgb").planes.map(([x]) => x)).to.deep.equal([9, 9, 9]);
    expect(toPlanes(one, "gray").planes.map(([x]) => x)).to.deep.equal([9]);
  });

  it("grows and shrinks between pixel centres", () => {
    const wide = (how: "nearest" | "bilinear") => [...resizePlanes(grey(2, 1, 0, 100), 4, 1, how).planes[0]!];
    expect(wide("nearest")).to.deep.equal([0, 0, 100, 100]);
    expect(wide("bilinear")).to.deep.equal([0, 25, 75, 100]);
    const small = (how: "nearest" | "bilinear") => [
      ...resizePlanes(grey(4, 2, 0, 10, 20, 30, 40, 50, 60, 70), 2, 1, how).planes[0]!,
    ];
    expect(small("nearest")).to.deep.equal([50, 70]);
    expect(small("bilinear")).to.deep.equal([25, 45]);
    const same = grey(2, 1, 3, 4);
    expect(resizePlanes(same, 2, 1, "bilinear")).to.equal(same);
  });

  it("stays between the darkest and the brightest pixel", () => {
    fc.assert(
      fc.property(
        anySize,
        anySize,
        anySize,
        anySize,
        fc.constantFrom("nearest", "bilinear"),
        fc.nat(),
        (w, h, x, y, how, seed) => {
          const data = Array.from({ length: w * h }, (_, i) => (i * 37 + seed) % 256);
          const result = resizePlanes(grey(w, h, ...data), x, y, how as "nearest").planes[0]!;
          expect(result).to.have.length(x * y);
          for (const value of result)
            expect(value).to.be.within(Math.min(...data) - 1e-3, Math.max(...data) + 1e-3);
        },
      ),
    );
  });

  it("lays channels out, scaled", () => {
    const planes = toPlanes(RED_BLUE, "rgb");
    const layOut = (image: Planes, how: Arrangement): Float32Array =>
      createLayOut(how)(image, new Float32Array(image.width * image.height * image.planes.length));
    const one = { scale: 1 / 255, mean: [0], std: [1] };
    expect([...layOut(planes, { layout: "nchw", ...one })]).to.deep.equal([1, 0, 0, 0, 0, 1]);
    expect([...layOut(planes, { layout: "nhwc", ...one })]).to.deep.equal([1, 0, 0, 0, 0, 1]);
    const each = { scale: 1, mean: [55, 0, 5], std: [2, 1, 10] };
    expect([...layOut(planes, { layout: "nchw", ...each })]).to.deep.equal([100, -27.5, 0, 0, -0.5, 25]);
    expect([...layOut(planes, { layout: "nhwc", ...each })]).to.deep.equal([100, 0, -0.5, -27.5, 0, 25]);
    expect([...layOut(grey(2, 1, 3, 4), { layout: "nhw", scale: 2, mean: [1], std: [0.5] })]).to.deep.equal([
      10, 14,
    ]);
    const resized = { ...planes, planes: planes.planes.map((plane) => Float32Array.from(plane)) };
    for (const how of [
      { layout: "nchw", ...each },
      { layout: "nhwc", ...one },
    ] as const)
      expect(layOut(resized, how), "bytes and fractions").to.deep.equal(layOut(planes, how));
  });
});
