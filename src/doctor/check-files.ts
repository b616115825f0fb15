// 存储目录与消息日志的对照: 谁少了另一半; 只比较, 不碰磁盘
import type { FileRecord } from '../protocol/messages.js';
import type { StoredRecord } from '../store/stored-record.js';
import type { Finding, FindingKind } from './findings.js';
import type { Inventory } from './inventory.js';

/** 消息日志里的文件, 键是 id */
export type LoggedFiles = ReadonlyMap<string, StoredRecord>;

/** logged 为 undefined: 没有消息日志, 不对照消息 */
export function checkFiles(inventory: Inventory, logged: LoggedFiles | undefined): Finding[] {
  return [
    ...inventory.leftovers.map((subject): Finding => ({ kind: 'leftover', subject })),
    ...checkPublished(inventory),
    ...checkUploads(inventory),
    ...(logged === undefined ? [] : checkMessages(inventory, logged)),
  ];
}

function checkPublished({ files, metas, thumbs }: Inventory): Finding[] {
  const findings: Finding[] = [];
  for (const [id, { name, size }] of files) {
    const subject = `files/${name}`;
    if (!metas.has(id)) findings.push({ kind: 'file_without_meta', subject });
    const record = metas.get(id)?.record;
    if (record !== undefined && record.size !== size) {
      findings.push({ kind: 'size_mismatch', subject, detail: `应为 ${record.size} 字节, 实为 ${size}` });
    }
  }
  for (const [id, stored] of metas) {
    const subject = `meta/${id}.json`;
    if (stored === undefined) findings.push({ kind: 'meta_unreadable', subject });
    else if (!files.has(id)) findings.push({ kind: 'meta_without_file', subject });
  }
  for (const id of thumbs) {
    if (!files.has(id)) findings.push({ kind: 'thumb_without_file', subject: `thumbs/${id}.webp` });
  }
  return findings;
}

function checkUploads({ files, partials, uploads }: Inventory): Finding[] {
  const findings: Finding[] = [];
  const add = (kind: FindingKind, name: string): number =>
    findings.push({ kind, subject: `partial/${name}` });
  for (const uploadId of partials) {
    const upload = uploads.get(uploadId);
    // 记录读不懂的在下面报; 已发布的, 部分文件是来不及删的另一个名字
    if (!uploads.has(uploadId)) add('partial_without_journal', `${uploadId}.part`);
    else if (upload !== undefined && (upload.done || files.has(upload.fileId)))
      add('leftover', `${uploadId}.part`);
  }
  for (const [uploadId, upload] of uploads) {
    if (upload === undefined) add('journal_unreadable', `${uploadId}.json`);
    else if (!upload.done && !partials.has(uploadId) && !files.has(upload.fileId)) {
      add('journal_without_partial', `${uploadId}.json`);
    }
  }
  return findings;
}

function checkMessages({ files, metas }: Inventory, logged: LoggedFiles): Finding[] {
  const findings: Finding[] = [];
  for (const [id, { record }] of logged) {
    if (!files.has(id)) {
      findings.push({ kind: 'message_without_file', subject: fileOf(record), detail: record.originalName });
    }
  }
  for (const [id, { name }] of files) {
    // 没有元数据的播不出去, 已另外报过
    if (!logged.has(id) && metas.get(id) !== undefined) {
      findings.push({ kind: 'not_announced', subject: `files/${name}` });
    }
  }
  return findings;
}

function fileOf({ path }: FileRecord): string {
  // 记录里的路径以 / 开头: /files/UUID.ext
  return path.slice(1);
}
