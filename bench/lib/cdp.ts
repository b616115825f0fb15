// 直连一页的调试协议 (CDP): 只发要用的几条命令。playwright 会打开 Network 域, 每个 WebSocket 帧都被编成 Base64 上报
import { WebSocket } from 'ws';

/** 一次应答的限期 (毫秒): 机器饱和时也够 */
const REPLY_MS = 10_000;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId: string; readonly targetInfo?: { readonly type: string } };
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export class Cdp {
  /** 这一页的 Worker 的会话 */
  readonly workers = new Set<string>();
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #serial = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('close', () => {
      for (const fail of [...this.#waiting.values()]) fail({ error: { message: '页面已关闭' } });
    });
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as Reply));
  }

  /** url 形如 ws://127.0.0.1:端口/devtools/page/编号 */
  static async connect(url: string): Promise<Cdp> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const cdp = new Cdp(socket);
    await cdp.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: true,
    });
    return cdp;
  }

  /** worker 给出时发给那个 Worker。错误: 对方拒绝, 已经结束, 或没有按时应答 */
  send<Result>(method: string, params: object = {}, worker?: string): Promise<Result> {
    this.#serial += 1;
    const id = this.#serial;
    const sessionId = worker === undefined ? {} : { sessionId: worker };
    return new Promise<Result>((resolve, reject) => {
      const timer = setTimeout(() => this.#waiting.get(id)?.({ error: { message: '没有应答' } }), REPLY_MS);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (error === undefined) resolve(result as Result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params, ...sessionId }));
    });
  }

  /** 在页面里求值; 结果须能写成 JSON */
  async evaluate<Value>(expression: string): Promise<Value> {
    const options = { expression, returnByValue: true };
    const { result } = await this.send<{ result: { value: Value } }>('Runtime.evaluate', options);
    return result.value;
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive({ id, method, params, ...reply }: Reply): void {
    if (id !== undefined) this.#waiting.get(id)?.(reply);
    else if (method === 'Target.attachedToTarget' && params?.targetInfo?.type === 'worker') {
      this.workers.add(params.sessionId);
    } else if (method === 'Target.detachedFromTarget' && params !== undefined) {
      this.workers.delete(params.sessionId);
    }
  }
}
