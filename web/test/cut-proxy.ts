// 会断的网线: 浏览器与服务器之间的 TCP 转发, 随时可以切断 (RST) 或按住
// 页面经代理的地址打开, Origin 与 Host 都是代理的, 所以通过服务器的来源检查
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from '../../src/test/harness.js';

interface Watch {
  /** 送往服务器的总字节数到达此值时 */
  readonly atBytes: number;
  readonly reached: () => void;
}

export class CutProxy {
  readonly port: number;
  readonly http: string;
  readonly ws: string;
  /** 每条连接的第一行, 即请求行: WebSocket 的网址在里面 */
  readonly openings: string[] = [];
  readonly #server: Server;
  // 两侧的套接字都在内; 关闭时移除
  readonly #sockets = new Set<Socket>();
  #watches: Watch[] = [];
  #upstreamBytes = 0;
  #state: 'open' | 'held' = 'open';

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.http = `http://127.0.0.1:${this.port}`;
    this.ws = `ws://127.0.0.1:${this.port}`;
  }

  /** 监听一个空闲端口, 转发到 127.0.0.1:targetPort; 测试结束时停止 */
  static async start(t: TestContext, targetPort: number): Promise<CutProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new CutProxy(server);
    server.on('connection', (client) => proxy.#accept(client, targetPort));
    atEnd(t, () => proxy.#stop());
    return proxy;
  }

  /** 浏览器送往服务器的总字节数, 含已断的连接 */
  get upstreamBytes(): number {
    return this.#upstreamBytes;
  }

  /** 切断此刻全部连接 (两侧都收到 RST); 新的连接照常接受。返回切断的条数 */
  cut(): number {
    const count = this.#sockets.size / 2;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return count;
  }

  /** 按住: 连接还在, 字节不动, 如同网线被拔掉 */
  hold(): void {
    this.#state = 'held';
    for (const socket of this.#sockets) socket.pause();
  }

  release(): void {
    this.#state = 'open';
    for (const socket of this.#sockets) socket.resume();
  }

  /** 等到又有 bytes 字节送往服务器; 在传输的某一处下手时用它, 不用计时 */
  afterUpstream(bytes: number): Promise<void> {
    return new Promise((reached) => {
      this.#watches.push({ atBytes: this.#upstreamBytes + bytes, reached });
    });
  }

  #accept(client: Socket, targetPort: number): void {
    const upstream = connect(targetPort, '127.0.0.1');
    this.#forward(client, upstream, (bytes) => this.#count(bytes));
    this.#forward(upstream, client, () => undefined);
    client.once('data', (bytes) => this.openings.push(bytes.toString('latin1').split('\r\n', 1)[0] ?? ''));
  }

  #forward(from: Socket, to: Socket, count: (bytes: number) => void): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    if (this.#state === 'held') from.pause();
    from.on('data', (bytes) => {
      // 写不进就停读: 慢的一侧经代理仍然是慢的
      if (!to.write(bytes)) from.pause();
      count(bytes.length);
    });
    to.on('drain', () => {
      if (this.#state === 'open') from.resume();
    });
    from.on('end', () => to.end());
    // 服务器被杀时连接被拒或重置: 照样传给浏览器, 由 close 处理
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  #count(bytes: number): void {
    this.#upstreamBytes += bytes;
    const due = this.#watches.filter(({ atBytes }) => atBytes <= this.#upstreamBytes);
    if (due.length === 0) return;
    this.#watches = this.#watches.filter(({ atBytes }) => atBytes > this.#upstreamBytes);
    for (const { reached } of due) reached();
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }
}
