/**
 * `npm run docs:config`: writes the table of a keeper's configuration, made from its schema, and an example file into
 * docs/operators.md. With --check it only says whether they are up to date.
 */
import { configSchema, describeConfig, HOT_KEY_VARIABLE, REMOTE_TOKEN_VARIABLE } from "@assay/keeper";

import { writeSections } from "./lib/section.ts";

const BEGIN = "<!-- configuration: made by npm run docs:config from keeper/src/config.ts -->";
const END = "<!-- end of configuration -->";

interface Field {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  readonly const?: unknown;
  readonly oneOf?: readonly Field[];
}

/** Values of an example that nobody can default. */
const EXAMPLE: Readonly<Record<string, unknown>> = {
  rpcUrl: "wss://node.example/rpc",
  chainId: 31_337,
  startBlock: 1_234_567,
  confirmations: 2,
  owner: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  domain: { id: 1, name: "grounded" },
  model: "model/manifest.json",
  database: "keeper.sqlite",
  payload: {
    ipfsGateways: ["http://127.0.0.1:8080"],
    mirrors: ["https://store.example"],
    allowedHosts: ["127.0.0.1:8080"],
  },
};

function typeOf({ type, enum: values, minimum, maximum, items }: Field): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (type === "array") return `list of ${typeOf(items ?? {})}`;
  if (type === undefined) return "address";
  const name = type === "integer" ? "whole number" : type === "string" ? "text" : type;
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum === undefined) return name;
  return isBounded ? `${name}, ${minimum} … ${maximum}` : `${name}, ≥ ${minimum}`;
}

/** A union as one field: what only some of its variants have says which. */
function merged({ oneOf, ...field }: Field): Field {
  const [first] = oneOf ?? [];
  if (oneOf === undefined || first === undefined) return field;
  const properties: Record<string, Field> = {};
  for (const [name, inner] of oneOf.flatMap((variant) => Object.entries(variant.properties ?? {}))) {
    const having = oneOf.filter((variant) => variant.properties?.[name] !== undefined);
    const values = having.map((variant) => variant.properties?.[name]?.const);
    const kinds = having.map((variant) => `\`${String(variant.properties?.["kind"]?.const)}\``).join(", ");
    if (inner.const !== undefined) properties[name] = { ...inner, enum: values };
    else if (having.length === oneOf.length) properties[name] = inner;
    else properties[name] = { ...inner, description: `${kinds}: ${inner.description ?? ""}` };
  }
  return { ...field, type: "object", properties, required: first.required ?? [] };
}

function rows(field: Field, prefix = ""): string[] {
  return Object.entries(field.properties ?? {}).flatMap(([name, given]) => {
    const inner = merged(given);
    const path = prefix + name;
    const isRequired = field.required?.includes(name) === true;
    const isBare = inner.default === undefined;
    const fallback = isRequired ? "required" : isBare ? "" : `\`${JSON.stringify(inner.default)}\``;
    const isGroup = inner.properties !== undefined;
    const own = `| \`${path}\` | ${isGroup ? "object" : typeOf(inner)} | ${isGroup && !isRequired ? "" : fallback} | ${inner.description ?? ""} |`;
    return [own, ...rows(inner, `${path}.`)];
  });
}

/** The section between the two marks. */
function section(): string {
  const schema = describeConfig() as Field;
  const names = Object.keys(schema.properties?.["contracts"]?.properties ?? {});
  const contracts = Object.fromEntries(
    names.map((name, i) => [name, `0x${(i + 1).toString(16).padStart(40, "0")}`]),
  );
  const { rpcUrl, chainId, ...rest } = EXAMPLE;
  const example = { rpcUrl, chainId, contracts, ...rest };
  configSchema.parse(example);
  const described = rows(schema).filter((row) => !/`contracts\./.test(row));
  return [
    "| Field | Type | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...described,
    "",
    `\`contracts\` holds ${names.map((name) => `\`${name}\``).join(", ")}.`,
    `Environment: \`${HOT_KEY_VARIABLE}\`, the hot key, 32 bytes in hexadecimal; \`${REMOTE_TOKEN_VARIABLE}\`, the token of`,
    "the inference server, if it wants one.",
    "",
    "An example `keeper.json`:",
    "",
    "```json",
    JSON.stringify(example, null, 2),
    "```",
  ].join("\n");
}

await writeSections(
  "docs/operators.md",
  [{ begin: BEGIN, end: END, text: section() }],
  "does not tell today's configuration: npm run docs:config",
);
