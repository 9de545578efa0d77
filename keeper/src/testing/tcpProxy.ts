import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A line between a client and a server that can be cut, held or taken away. Knows nothing of what runs over it. */
export interface TcpProxy {
  readonly port: number;
  /** Connections made so far. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Ends all connections at once, without a farewell. */
  cut(): void;
  /** Connections, open and new ones, stay open but nothing arrives any more, on either side, not even after {@link mend}. */
  hold(): void;
  /** New connections are ended at once. */
  refuse(): void;
  /** New connections work as at first. */
  mend(): void;
  close(): Promise<void>;
}

/** Listens on a free port of loopback and passes everything on to `target`, a port of loopback. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  let mode: "pass" | "hold" | "refuse" = "pass";
  let connections = 0;
  const open = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  const join = (from: Socket, to: Socket): void => {
    open.add(from);
    if (mode === "hold") silent.add(from);
    from.on("data", (bytes) => silent.has(from) || to.write(bytes));
    from.on("error", () => {});
    from.on("close", () => {
      open.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    connections += 1;
    if (mode === "refuse") return void client.resetAndDestroy();
    const upstream = connect(target, "127.0.0.1");
    join(client, upstream);
    join(upstream, client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => open.forEach((socket) => socket.resetAndDestroy());
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get open() {
      return open.size / 2;
    },
    cut,
    hold() {
      mode = "hold";
      for (const socket of open) silent.add(socket);
    },
    refuse: () => void (mode = "refuse"),
    mend: () => void (mode = "pass"),
    async close() {
      server.close();
      cut();
      await once(server, "close");
    },
  };
}
