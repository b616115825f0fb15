// 最近完成的上传: 客户端没收到 file_done (断线, 重启) 时, 续传后再发 file_end 会得到同一个结果
import { toBroadcast } from '../protocol/codec.js';
import type { FileDoneMessage } from '../protocol/messages.js';
import { namesOf } from './journal-entry.js';
import type { JournalEntry, UploadOwner } from './ports.js';

interface Finished {
  readonly owner: UploadOwner;
  readonly message: FileDoneMessage;
}

// 只为补发一次 file_done, 不必多记
const MAX_FINISHED = 256;

export class FinishedUploads {
  readonly #entries = new Map<string, Finished>();

  /** 完成: 告诉上传者, 并记住以备补发 */
  complete(owner: UploadOwner, clientId: string | undefined, entry: JournalEntry): void {
    const message = doneMessage(owner, clientId, entry);
    if (message === undefined) return;
    this.#remember(entry.uploadId, { owner, message });
    owner.send(message);
  }

  /** 续传一个已完成的上传: 按契约先给 file_ready (offset = 全长), 等它的 file_end */
  offer(
    owner: UploadOwner,
    clientId: string | undefined,
    entry: JournalEntry,
    resumeToken: string,
    chunkBytes: number,
  ): void {
    const message = doneMessage(owner, clientId, entry);
    if (message === undefined) return;
    this.#remember(entry.uploadId, { owner, message });
    owner.send({
      type: 'file_ready',
      ...(clientId === undefined ? {} : { clientId }),
      uploadId: entry.uploadId,
      resumeToken,
      offset: message.size,
      chunkBytes,
      windowBytes: chunkBytes,
      fileId: entry.fileId,
      ...namesOf(entry),
    });
  }

  /** 重复的 file_end: 再发一次结果; 不是他的, 或已忘记, 则返回 false */
  resend(owner: UploadOwner, uploadId: string): boolean {
    const finished = this.#entries.get(uploadId);
    if (finished === undefined || finished.owner !== owner) return false;
    owner.send(finished.message);
    return true;
  }

  /** 连接没了: 不再留住它 */
  forget(owner: UploadOwner): void {
    for (const [uploadId, finished] of this.#entries) {
      if (finished.owner === owner) this.#entries.delete(uploadId);
    }
  }

  #remember(uploadId: string, finished: Finished): void {
    this.#entries.delete(uploadId);
    this.#entries.set(uploadId, finished);
    if (this.#entries.size <= MAX_FINISHED) return;
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function doneMessage(
  owner: UploadOwner,
  clientId: string | undefined,
  entry: JournalEntry,
): FileDoneMessage | undefined {
  const { uploadId, done } = entry;
  if (done === undefined) return undefined;
  const broadcast = toBroadcast({ kind: 'file', ...done }, owner);
  if (broadcast.type !== 'file') return undefined;
  return {
    ...broadcast,
    ...namesOf(entry),
    type: 'file_done',
    ...(clientId === undefined ? {} : { clientId }),
    uploadId,
  };
}
