// 存储目录的布局; 所有路径只在这里拼出, 且只由 UUID 与受限的扩展名组成, 因此走不出目录
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { explainDisk } from './disk-errors.js';

export const SUBFOLDERS = ['files', 'meta', 'partial', 'thumbs', 'history', 'requests'] as const;
export const HISTORY_PROOF = 'history.json';
export const SCRUB_RECORD = 'scrub.json';
const PARTIAL_EXTENSION = '.part';

export class StorageFolder {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** 建好各子目录。错误: 建不了 (一行中文) */
  static async open(root: string): Promise<StorageFolder> {
    const folder = new StorageFolder(root);
    for (const name of SUBFOLDERS) {
      const subfolder = path.join(root, name);
      await mkdir(subfolder, { recursive: true }).catch((error: unknown) => {
        throw explainDisk(error, subfolder);
      });
    }
    return folder;
  }

  /** fileName 形如 UUID 或 UUID.ext */
  file(fileName: string): string {
    return path.join(this.root, 'files', fileName);
  }

  meta(fileId: string): string {
    return path.join(this.root, 'meta', `${fileId}.json`);
  }

  /** 未完成的数据; 与 files/ 同一文件系统, 发布只需改名 */
  partial(uploadId: string): string {
    return path.join(this.root, 'partial', `${uploadId}${PARTIAL_EXTENSION}`);
  }

  journal(uploadId: string): string {
    return path.join(this.root, 'partial', `${uploadId}.json`);
  }

  /** 一次带幂等键的 POST; requestId 是散列 */
  request(requestId: string): string {
    return path.join(this.requestFolder, `${requestId}.json`);
  }

  get requestFolder(): string {
    return path.join(this.root, 'requests');
  }

  thumb(fileId: string): string {
    return path.join(this.root, 'thumbs', `${fileId}.webp`);
  }

  /** 会话令牌的签名密钥 */
  get sessionSecret(): string {
    return path.join(this.root, 'history', 'session.secret');
  }

  /** 消息日志的数据库与它的预写日志 */
  get historyFolder(): string {
    return path.join(this.root, 'history');
  }

  /** 有过历史的凭据; 不放在 history/ 里: 那里可能整个没有了, 或没有挂上 */
  get historyProof(): string {
    return path.join(this.root, HISTORY_PROOF);
  }

  /** 后台校验的记录 */
  get scrubRecord(): string {
    return path.join(this.root, SCRUB_RECORD);
  }

  get partialFolder(): string {
    return path.join(this.root, 'partial');
  }

  /** 已发布的文件的 id */
  listFiles(): Promise<string[]> {
    return listIds(path.join(this.root, 'files'));
  }

  /** files/ 里的名字, 形如 UUID 或 UUID.ext */
  listFileNames(): Promise<string[]> {
    return readdir(path.join(this.root, 'files'));
  }

  /** 有元数据的 id */
  listMeta(): Promise<string[]> {
    return listIds(path.join(this.root, 'meta'));
  }

  /** 已占用的字节数: 已发布的与未完成的。同步读盘, 只在启动时用 */
  usedBytes(): number {
    // 上传记录 (.json) 不算: 运行中也不为它们记账, 算了就会越走越偏
    return (
      folderBytes(path.join(this.root, 'files'), '') + folderBytes(this.partialFolder, PARTIAL_EXTENSION)
    );
  }

  /** 所在的磁盘有多大; 有的文件系统报不出, 是 0 */
  async diskBytes(): Promise<number> {
    try {
      const { blocks, bsize } = await statfs(this.root);
      return blocks * bsize;
    } catch {
      return 0;
    }
  }

  /** 磁盘对普通用户可用的字节数 */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }
}

// 名字里第一个点之前的部分
async function listIds(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.map((name) => name.split('.', 1)[0] ?? name);
}

// 同步: 只在启动时用, 十万个文件比异步省三分之二的时间
function folderBytes(folder: string, extension: string): number {
  // 有几个名字的内容只算一次; 只有一个名字的不必记
  const counted = new Set<string>();
  let total = 0;
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(extension)) continue;
    const file = path.join(folder, name);
    // 断了的链接 (挪到别的盘上的): 不占这里的地方, 也不能因此起不来
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isFile() !== true) continue;
    const { size, nlink } = found;
    if (nlink > 1) {
      // Windows 的编号超过 2 的 53 次方, 所以是文本
      const inode = String(statSync(file, { bigint: true }).ino);
      if (counted.has(inode)) continue;
      counted.add(inode);
    }
    total += size;
  }
  return total;
}
