// 日志的去处: 向一个文件描述符写行; 写不动时有界地排队, 从不阻塞事件循环
import fs from 'node:fs';
import net from 'node:net';

/** pino 需要的全部: 收一行, 带换行符 */
export interface LineSink {
  write(line: string): void;
}

// 没有读者时最多排队这么多字节; 之后的行丢弃并计数
const MAX_QUEUED_BYTES = 1024 * 1024;
const RETRY_MS = 20;
// 退出时最多再等这么久; 读者已停就放弃, 否则进程永远退不出去
const EXIT_GRACE_MS = 500;

/**
 * 为什么不用 pino.destination: 它异步写时, 读者停住的管道会占住线程池里的线程, 进程随之退不出;
 * 管道断开后它的 flushSync 会无限循环。同步写又会停住事件循环。
 * 这里把管道设为非阻塞再同步写: 平时不留一行在内存里, 崩溃也不丢; 写不进 (EAGAIN) 才排队。
 * 普通文件与终端照常同步写。Windows 的管道没有非阻塞方式, 读者停住会停住服务器。
 *
 *   open --EPIPE 等--> broken (此后丢弃所有行)
 */
export class StdoutSink implements LineSink {
  readonly #fd: number;
  #state: 'open' | 'broken' = 'open';
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #droppedLines = 0;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    makeNonBlocking(fd);
    process.once('exit', () => this.#drainAtExit());
  }

  write(line: string): void {
    if (this.#state === 'broken') return;
    const bytes = Buffer.from(line, 'utf8');
    if (this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      this.#droppedLines += 1;
      return;
    }
    this.#push(bytes);
    // 已在等重试: 排在后面, 保持顺序
    if (this.#retryTimer === undefined) this.#drain();
  }

  #push(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #drain(): void {
    this.#retryTimer = undefined;
    if (this.#writeQueued()) return;
    this.#retryTimer = setTimeout(() => this.#drain(), RETRY_MS);
    // 停住的读者不能让进程活着; 剩下的由 exit 钩子处理
    this.#retryTimer.unref();
  }

  /** 写到空或写不进为止; 返回是否写空 */
  #writeQueued(): boolean {
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const written = this.#tryWrite(head);
      if (written === 0) return false;
      this.#queuedBytes -= written;
      // 只写进一部分: 记下余下的, 一行不会断成两截
      if (written < head.length) this.#queue[0] = head.subarray(written);
      else this.#queue.shift();
      if (this.#queue.length === 0) this.#reportDropped();
    }
    return true;
  }

  // 放在队尾而不是插队: 读日志的人看到缺口就在它发生的位置
  #reportDropped(): void {
    if (this.#droppedLines === 0) return;
    const notice = { level: 'warn', time: new Date().toISOString(), dropped: this.#droppedLines };
    this.#droppedLines = 0;
    this.#push(Buffer.from(`${JSON.stringify({ ...notice, msg: '日志的读者太慢, 丢弃了一些行' })}\n`));
  }

  #tryWrite(bytes: Buffer): number {
    try {
      return fs.writeSync(this.#fd, bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN' || code === 'EBUSY') return 0;
      // 读者已走 (EPIPE) 或磁盘满: 没有地方可以报告, 服务器照常运行
      this.#breakOff();
      return bytes.length;
    }
  }

  #breakOff(): void {
    this.#state = 'broken';
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#droppedLines = 0;
  }

  #drainAtExit(): void {
    const deadline = Date.now() + EXIT_GRACE_MS;
    while (!this.#writeQueued() && Date.now() < deadline) {
      // 退出钩子里没有事件循环, 只能同步地睡
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

// 留住引用: net.Socket 被回收时会关闭描述符
const nonBlockingHandles: net.Socket[] = [];

/** 副作用: 管道与套接字被设成 O_NONBLOCK; 普通文件与终端不变 */
function makeNonBlocking(fd: number): void {
  if (process.platform === 'win32') return;
  const stat = fs.fstatSync(fd);
  if (!stat.isFIFO() && !stat.isSocket()) return;
  // 没有公开的 fcntl; libuv 打开描述符时会设 O_NONBLOCK, 这里只借用这一点, 从不经它写
  const socket = new net.Socket({ fd, readable: false, writable: true });
  // 没有监听的 error 会结束进程; 写失败由 writeSync 得知
  socket.on('error', () => undefined);
  nonBlockingHandles.push(socket);
}
