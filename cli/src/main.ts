import {
  createLogger,
  disconnectAll,
  EXIT_FIX_ME,
  EXIT_START_AGAIN,
  REMOTE_TOKEN_VARIABLE,
  Secret,
} from "@assay/keeper";
import { Command } from "commander";

import { appealCommand } from "./commands/appeal.ts";
import { askCommand } from "./commands/ask.ts";
import { deviceCommand } from "./commands/device.ts";
import { canaryCommand } from "./commands/canary.ts";
import { clonesCommand } from "./commands/clones.ts";
import { explainCommand } from "./commands/explain.ts";
import { keeperCommand } from "./commands/keeper.ts";
import { modelsCommand } from "./commands/models.ts";
import { performanceCommands } from "./commands/performance.ts";
import { quoteCommand } from "./commands/quote.ts";
import { reputationCommand } from "./commands/reputation.ts";
import { requestCommand } from "./commands/request.ts";
import { startCommand } from "./commands/start.ts";
import { storeCommand } from "./commands/store.ts";
import { verdictCommand } from "./commands/verdict.ts";
import { watchCommand } from "./commands/watch.ts";
import { lastWords } from "./lib/errors.ts";

const program = new Command("assay")
  .description("Assay: verdicts on AI outputs by committees that must be informative and different")
  .version("0.1.0")
  .showSuggestionAfterError();

startCommand(program);
keeperCommand(program);
quoteCommand(program);
watchCommand(program);
requestCommand(program);
verdictCommand(program);
explainCommand(program);
appealCommand(program);
askCommand(program);
performanceCommands(program);
canaryCommand(program);
clonesCommand(program);
reputationCommand(program);
deviceCommand(program);
modelsCommand(program);
storeCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  // Whatever in the environment looks like a key stays out of the last words.
  const keys = Object.entries(process.env).flatMap(([name, value = ""]) =>
    name === REMOTE_TOKEN_VARIABLE || /^(0x)?[0-9a-f]{64}$/i.test(value) ? [value] : [],
  );
  const { line, retryable } = lastWords(error, createLogger({ secrets: keys.map((key) => new Secret(key)) }));
  console.error(line);
  process.exitCode = retryable ? EXIT_START_AGAIN : EXIT_FIX_ME;
} finally {
  disconnectAll();
}
