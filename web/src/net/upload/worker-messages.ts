// 页面与上传 Worker 之间的消息: 两个方向各一个联合类型; 一次运行 (run) 由 runId 认出
import type { ErrorCode } from '../../../../src/protocol/errors.js';
import type { AckMessage } from '../../../../src/protocol/messages.js';

/** 服务器给的凭据: 有了它才能续传 */
export interface Credentials {
  readonly uploadId: string;
  readonly resumeToken: string;
}

/** 服务器清理之后的名字; 改了的另有原来的 */
export type FileNames = Pick<AckMessage, 'originalName' | 'renamedFrom'>;

/**
 * 算到 offset 为止的校验。digest 是前 offset 字节的 SHA-256 (十六进制)。
 * state 是 hash-wasm 的内部状态, 只在本页有效: 有它就从 offset 接着算, 没有 (刷新过) 就从头读一遍核对 digest
 */
export interface Checkpoint {
  readonly offset: number;
  readonly digest: string;
  readonly state?: Uint8Array;
}

export interface RunCommand {
  readonly type: 'run';
  readonly runId: string;
  readonly file: File;
  /** 服务器懂二进制分片 */
  readonly binary: boolean;
  /** 服务器懂秒传 */
  readonly instant: boolean;
  /** 有则续传 */
  readonly credentials?: Credentials | undefined;
  readonly checkpoint?: Checkpoint | undefined;
}

export type WorkerCommand =
  | RunCommand
  /** connecting 的回答: 传输连接的地址, 只能用一次 */
  | { readonly type: 'open'; readonly runId: string; readonly url: string }
  /** 停下, 断开; 服务器留着已收的字节 */
  | { readonly type: 'stop'; readonly runId: string };

/** 一次运行怎样结束 */
export type RunOutcome =
  /** instant: 秒传, 没有传字节 */
  | { readonly kind: 'done'; readonly instant: boolean }
  /** 页面要求的: 暂停或取消 */
  | { readonly kind: 'stopped' }
  /** 连接断开, 或很久没有回音: 可以续传 */
  | { readonly kind: 'cut' }
  /** 服务器已没有这个上传 */
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryable: boolean;
      /** 服务器说过多久再来, 毫秒; 没有说为 0 */
      readonly retryAfterMs: number;
    }
  /** 重新选的文件与已传的部分不同 */
  | { readonly kind: 'different_file' }
  | { readonly kind: 'unreadable'; readonly message: string }
  /** Worker 自己的故障, 例如 WebAssembly 不可用 */
  | { readonly kind: 'broken'; readonly message: string };

export type RunReport =
  /** 该连接了, 要一个网址; 不随命令给: 票只有一分钟, 核对已传的部分可能更久 */
  | { readonly type: 'connecting'; readonly runId: string }
  /** 正在读已传的部分; ratio 0..1 */
  | { readonly type: 'checking'; readonly runId: string; readonly ratio: number }
  | {
      readonly type: 'ready';
      readonly runId: string;
      readonly credentials: Credentials;
      readonly offset: number;
      readonly fileId: string;
      readonly names: FileNames;
    }
  /** 正在算整个文件的校验, 好试秒传; 暂停之后从存档接着算 */
  | {
      readonly type: 'comparing';
      readonly runId: string;
      readonly ratio: number;
      readonly checkpoint?: Checkpoint | undefined;
    }
  /** sent: 服务器已确认的字节 */
  | {
      readonly type: 'progress';
      readonly runId: string;
      readonly sent: number;
      readonly checkpoint?: Checkpoint | undefined;
    }
  | { readonly type: 'verifying'; readonly runId: string; readonly sent: number }
  | { readonly type: 'ended'; readonly runId: string; readonly outcome: RunOutcome };
