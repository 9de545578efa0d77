import { digits } from "./digits/index.ts";
import type { Domain } from "./domain.ts";
import { grounded } from "./grounded/index.ts";
import { language } from "./language/index.ts";
import { relevance } from "./relevance/index.ts";

/** All built-in domains, in the order in which they are trained and reported. */
export const DOMAINS: readonly Domain[] = [grounded, relevance, language, digits];
