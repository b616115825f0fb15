// 被测服务器的地址; 发生器只认主机与端口, 路径由各协议自己定
import { createConnection, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** 从本机的哪个地址连出: 每个 (源地址, 目的) 只有 28000 个端口; 不写由内核定 */
  readonly localAddress?: string;
}

export function parseTarget(url: string): Target {
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:') throw new Error(`--url 只支持 http: 开头的地址, 收到 ${url}`);
  return { host: parsed.hostname, port: Number(parsed.port || 80) };
}

// 整个进程共用: libuv 读完立即回调, 两个 socket 不会同时占用它; 千人压测因此不必留 1 GiB
let receiveBuffer: Buffer | undefined;

/**
 * 建立一条裸 TCP 连接, 收到的字节直接交给 onBytes。
 * 陷阱: 接收缓冲反复使用, onBytes 返回后其内容即失效, 要留的必须复制。
 */
export function openSocket(target: Target, onBytes: (bytes: Buffer) => void): Promise<Socket> {
  // 1 MiB: 一次系统调用取尽内核里的积压; 比默认 64 KiB 省下十几倍的回调
  receiveBuffer ??= Buffer.allocUnsafeSlow(1024 * 1024);
  const buffer = receiveBuffer;
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      ...target,
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          onBytes(buffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** 把几段字节一次写出; 内核全部收下后兑现。保证: 兑现之后这些缓冲可以改写 */
export function writeAll(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.cork();
    for (const [index, piece] of pieces.entries()) {
      if (index < pieces.length - 1) socket.write(piece);
      else socket.write(piece, (error) => (error ? reject(error) : resolve()));
    }
    socket.uncork();
  });
}
