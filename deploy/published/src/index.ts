export * from "./abis.ts";
export * from "./addresses.ts";
export * from "./deployment.ts";
