import {
  custom,
  RpcRequestError,
  SocketClosedError,
  TimeoutError,
  WebSocketRequestError,
  type Transport,
} from "viem";

type Request = { readonly method: string; readonly params?: unknown };

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** One open WebSocket. The first failure ends it, for all that wait for an answer. */
interface Line {
  ask(body: Request, timeoutMs: number): Promise<Answer>;
  close(): void;
}

/** Clients of one URL share a line. */
const lines = new Map<string, Line>();

/**
 * JSON-RPC over a WebSocket that lives as long as its user: after any failure, and after an answer that did not come in
 * time, the next request opens a new one. viem's own transport keeps a connection that is open but silent, waits for
 * ever for one that never opens, and stops reconnecting when the endpoint is away for long.
 *
 * @param timeoutMs for one answer, opening the connection included
 */
export function lastingSocket(url: string, timeoutMs: number): Transport {
  return custom(
    {
      async request({ method, params }: Request): Promise<unknown> {
        const body = { method, params };
        const { result, error } = await (lines.get(url) ?? open(url)).ask(body, timeoutMs);
        if (error !== undefined) throw new RpcRequestError({ body, error, url });
        return result;
      },
    },
    { retryCount: 2, retryDelay: 300 },
  );
}

/** Closes the socket of this URL, so that it keeps no process alive. */
export function closeSocket(url: string): void {
  lines.get(url)?.close();
}

/** Closes all sockets of this process. */
export function closeSockets(): void {
  for (const line of lines.values()) line.close();
}

function open(url: string): Line {
  const socket = new WebSocket(url);
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  const unsent: string[] = [];
  let lastId = 0;

  const end = (error: Error): void => {
    if (lines.get(url) === line) lines.delete(url);
    socket.close();
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const line: Line = {
    ask(body, timeoutMs) {
      const id = ++lastId;
      const text = JSON.stringify({ jsonrpc: "2.0", id, ...body });
      return new Promise<Answer>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new TimeoutError({ body, url }));
          end(new SocketClosedError({ url }));
        }, timeoutMs);
        waiting.set(id, {
          resolve: (answer) => (clearTimeout(timer), resolve(answer)),
          reject: (error) => (clearTimeout(timer), reject(error)),
        });
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
        else unsent.push(text);
      });
    },
    close: () => end(new SocketClosedError({ url })),
  };
  socket.addEventListener("open", () => {
    for (const text of unsent.splice(0)) socket.send(text);
  });
  socket.addEventListener("message", ({ data }) => {
    const answer = parse(data);
    if (answer === undefined)
      return end(new WebSocketRequestError({ url, details: "the answer is not JSON-RPC" }));
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  socket.addEventListener("error", () =>
    end(new WebSocketRequestError({ url, details: "the connection failed" })),
  );
  socket.addEventListener("close", () => end(new SocketClosedError({ url })));
  lines.set(url, line);
  return line;
}

function parse(data: unknown): (Answer & { id: number }) | undefined {
  try {
    const answer: unknown = JSON.parse(String(data));
    return typeof answer === "object" && answer !== null && "id" in answer
      ? (answer as Answer & { id: number })
      : undefined;
  } catch {
    return undefined;
  }
}
