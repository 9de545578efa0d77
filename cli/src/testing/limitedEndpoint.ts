import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params?: readonly { readonly fromBlock?: string; readonly toBlock?: string }[];
}

/** An endpoint in front of another one that gives events of a few blocks only, as public ones do. */
export interface LimitedEndpoint {
  readonly url: string;
  /** Queries it refused. */
  readonly refused: number;
  close(): void;
}

/** @param blocks most blocks of one `eth_getLogs` */
export async function startLimitedEndpoint(target: string, blocks: number): Promise<LimitedEndpoint> {
  let refused = 0;
  const answer = async (call: Call): Promise<unknown> => {
    const [filter] = call.params ?? [];
    const width = Number(filter?.toBlock) - Number(filter?.fromBlock) + 1;
    // Without both ends the width is not a number, and too wide as well.
    if (call.method === "eth_getLogs" && !(width <= blocks)) {
      refused += 1;
      return { jsonrpc: "2.0", id: call.id, error: { code: -32_602, message: `at most ${blocks} blocks` } };
    }
    const headers = { "content-type": "application/json" };
    return (await fetch(target, { method: "POST", headers, body: JSON.stringify(call) })).json();
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Call | Call[];
    const answers = await (Array.isArray(body) ? Promise.all(body.map(answer)) : answer(body));
    response.setHeader("content-type", "application/json").end(JSON.stringify(answers));
  };
  const server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get refused() {
      return refused;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
