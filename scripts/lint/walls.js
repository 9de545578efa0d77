// Who may import whom: the walls between the rooms (README.md, "Map"). A relative import is resolved, so `../../..`
// cannot climb over a wall, and a bare one must be declared by the package that uses it.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const HARDHAT = /^(hardhat|@nomicfoundation\/.*|@openzeppelin\/.*|solady|solc)(\/|$)/;

/** Longest prefix wins. `rooms`: where relative imports may lead. `own`: only packages of its own package.json. */
const ROOMS = [
  { room: "keeper/src/lib", rooms: ["keeper/src/lib"], own: "keeper" },
  {
    room: "keeper/src/watches",
    rooms: ["watches", "chain", "db", "lib", "mirror", "testing"].map((room) => `keeper/src/${room}`),
    own: "keeper",
  },
  { room: "keeper", rooms: ["keeper"], own: "keeper" },
  { room: "cli", rooms: ["cli"], own: "cli" },
  { room: "models", rooms: ["models"], own: "models", never: /^@assay\/(cli|keeper\/.*)(\/|$)/ },
  { room: "deploy", rooms: ["deploy"], never: /^@assay\/(keeper|cli|models)(\/|$)/ },
  { room: "test", rooms: ["test", "deploy", "bench", "scripts"] },
  { room: "bench", rooms: ["bench", "test", "deploy", "scripts"], never: /^@assay\/(keeper|cli)(\/|$)/ },
  { room: "scripts", rooms: ["scripts", "test", "deploy", "bench"], never: /^@assay\/(keeper|cli)\// },
];

const inside = (path, room) => path === room || path.startsWith(`${room}/`);
const manifest = (room) => JSON.parse(readFileSync(join(ROOT, room, "package.json"), "utf8"));
const packageOf = (name) =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");

/** Packages the code of a room may name; its tests may also use the tools of the workspace. */
function declared(room, isTest) {
  const { name, dependencies = {}, devDependencies = {} } = manifest(room);
  const tools = isTest
    ? Object.keys(manifest(".").devDependencies).filter((tool) => !HARDHAT.test(tool))
    : [];
  return new Set([name, ...Object.keys(dependencies), ...Object.keys(devDependencies), ...tools]);
}

/** Why `file` may not import `name`, or undefined. */
export function refusal(file, name) {
  const wall = ROOMS.filter(({ room }) => inside(file, room)).sort(
    (a, b) => b.room.length - a.room.length,
  )[0];
  if (wall === undefined) return undefined;
  if (name.startsWith(".")) {
    const target = relative(ROOT, resolve(ROOT, dirname(file), name))
      .split(sep)
      .join("/");
    if (wall.rooms.some((room) => inside(target, room))) return undefined;
    return `${wall.room}/ must not import ${target}`;
  }
  if (wall.never?.test(name)) return `${wall.room}/ must not import ${name}`;
  if (wall.own === undefined || name.startsWith("node:")) return undefined;
  if (builtinModules.includes(name)) return `write node:${name}`;
  if (declared(wall.own, /\.test\.ts$|\/testing\//.test(file)).has(packageOf(name))) return undefined;
  return `${wall.own}/package.json does not declare ${packageOf(name)}`;
}

export const walls = {
  meta: { type: "problem", schema: [], messages: { wall: "{{why}}" } },
  create(context) {
    const file = relative(ROOT, context.filename).split(sep).join("/");
    const check = (node) => {
      const source = node.source;
      if (source?.type !== "Literal" || typeof source.value !== "string") return;
      const why = refusal(file, source.value);
      if (why !== undefined) context.report({ node: source, messageId: "wall", data: { why } });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
