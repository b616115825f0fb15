// 把进行中的上传记进 ResumeStore: 每秒, 或每 8 MiB 写一次
import type { ResumeRecord, ResumeStore } from './resume-store.js';
import type { Upload } from './upload.js';

const SAVE_MS = 1000;
const SAVE_BYTES = 8 * 1024 * 1024;

/** 上次写下的 */
interface Saved {
  readonly atMs: number;
  readonly sent: number;
  readonly hasCheckpoint: boolean;
}

export interface KeeperPorts {
  readonly store: ResumeStore;
  readonly tabId: string;
  /** 用户名; 还没有进房间时为 undefined */
  userName(): string | undefined;
}

export class ResumeKeeper {
  readonly #ports: KeeperPorts;
  /** 键是 uploadId; 完成或取消时删, 所以至多与列表一样长 */
  readonly #saved = new Map<string, Saved>();

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  save(upload: Upload): void {
    const record = this.#record(upload);
    if (record === undefined) return;
    const { uploadId, updatedAt, sent, checkpoint } = record;
    this.#saved.set(uploadId, { atMs: updatedAt, sent, hasCheckpoint: checkpoint !== undefined });
    void this.#ports.store.put(record);
  }

  /** 刚写过就算了: 丢的只是几次进度, 续传以服务器的 offset 为准 */
  saveSometimes(upload: Upload): void {
    const saved = this.#saved.get(upload.credentials?.uploadId ?? '');
    // 第一份存档马上写: 没有它, 刷新后就认不出选错了文件
    const isFirst = saved === undefined || (!saved.hasCheckpoint && upload.checkpoint !== undefined);
    const isDue = (last: Saved): boolean =>
      Date.now() - last.atMs >= SAVE_MS || upload.sent - last.sent >= SAVE_BYTES;
    if (isFirst || isDue(saved)) this.save(upload);
  }

  forget(upload: Upload): void {
    const uploadId = upload.credentials?.uploadId;
    if (uploadId === undefined) return;
    this.#saved.delete(uploadId);
    void this.#ports.store.remove(uploadId);
  }

  #record(upload: Upload): ResumeRecord | undefined {
    const { credentials, checkpoint, handle, file } = upload;
    const name = this.#ports.userName();
    if (credentials === undefined || name === undefined) return undefined;
    return {
      ...credentials,
      name,
      fileName: upload.name,
      size: upload.size,
      lastModified: file?.lastModified ?? 0,
      sent: upload.sent,
      // 内部状态不存: 换了版本就装不回去, 而且刷新后本来就要核对
      ...(checkpoint === undefined
        ? {}
        : { checkpoint: { offset: checkpoint.offset, digest: checkpoint.digest } }),
      ...(handle === undefined ? {} : { handle }),
      tabId: this.#ports.tabId,
      updatedAt: Date.now(),
    };
  }
}
