/** What other workspaces may use of the keeper. */
export * as commitment from "./mirror/commitment.ts";
export * as feeCurve from "./mirror/feeCurve.ts";
export * as fixedPoint from "./mirror/fixedPoint.ts";
export * as laneTally from "./mirror/laneTally.ts";
export * as reputationMath from "./mirror/reputationMath.ts";
export * as rewards from "./mirror/rewards.ts";
export * as skillScore from "./mirror/skillScore.ts";
export * as sortition from "./mirror/sortition.ts";
export * as verdictMath from "./mirror/verdictMath.ts";
