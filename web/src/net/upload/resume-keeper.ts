// 把进行中的上传记进 ResumeStore: 每个上传至多每秒写一次
import type { ResumeRecord, ResumeStore } from './resume-store.js';
import type { Upload } from './upload.js';

const SAVE_MS = 1000;

export interface KeeperPorts {
  readonly store: ResumeStore;
  readonly tabId: string;
  /** 用户名; 还没有进房间时为 undefined */
  userName(): string | undefined;
}

export class ResumeKeeper {
  readonly #ports: KeeperPorts;
  /** uploadId -> 上次写的时刻; 完成或取消时删, 所以至多与列表一样长 */
  readonly #savedAtMs = new Map<string, number>();

  constructor(ports: KeeperPorts) {
    this.#ports = ports;
  }

  save(upload: Upload): void {
    const record = this.#record(upload);
    if (record === undefined) return;
    this.#savedAtMs.set(record.uploadId, record.updatedAt);
    void this.#ports.store.put(record);
  }

  /** 离上次不到一秒就算了: 丢的只是几次进度, 续传以服务器的 offset 为准 */
  saveSometimes(upload: Upload): void {
    const savedAtMs = this.#savedAtMs.get(upload.credentials?.uploadId ?? '') ?? 0;
    if (Date.now() - savedAtMs >= SAVE_MS) this.save(upload);
  }

  forget(upload: Upload): void {
    const uploadId = upload.credentials?.uploadId;
    if (uploadId === undefined) return;
    this.#savedAtMs.delete(uploadId);
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
