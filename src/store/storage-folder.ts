// 存储目录的布局; 所有路径只在这里拼出, 且只由 UUID 与受限的扩展名组成, 因此走不出目录
import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';

const SUBFOLDERS = ['files', 'meta', 'partial', 'thumbs', 'history'] as const;
const PARTIAL_EXTENSION = '.part';
// 启动时并行 stat 的个数: 太多会占满线程池
const STAT_BATCH = 64;

export class StorageFolder {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** 建好各子目录。错误: 目录不可写时为 Node 的系统错误 */
  static async open(root: string): Promise<StorageFolder> {
    const folder = new StorageFolder(root);
    for (const name of SUBFOLDERS) {
      await mkdir(path.join(root, name), { recursive: true });
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

  get partialFolder(): string {
    return path.join(this.root, 'partial');
  }

  /** 已发布的文件的 id */
  async listFiles(): Promise<string[]> {
    const names = await readdir(path.join(this.root, 'files'));
    return names.map((name) => name.split('.', 1)[0] ?? name);
  }

  /** 已占用的字节数: 已发布的与未完成的 */
  async usedBytes(): Promise<number> {
    // 上传记录 (.json) 不算: 运行中也不为它们记账, 算了就会越走越偏
    const [files, partials] = await Promise.all([
      folderBytes(path.join(this.root, 'files'), ''),
      folderBytes(this.partialFolder, PARTIAL_EXTENSION),
    ]);
    return files + partials;
  }

  /** 磁盘对普通用户可用的字节数 */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }
}

async function folderBytes(folder: string, extension: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(extension));
  // 有几个名字的内容只算一次; 只有一个名字的不必记
  const counted = new Set<string>();
  let total = 0;
  for (let start = 0; start < names.length; start += STAT_BATCH) {
    const batch = names.slice(start, start + STAT_BATCH).map((name) => path.join(folder, name));
    for (const { size, inode } of await Promise.all(batch.map(measure))) {
      if (inode !== undefined && counted.has(inode)) continue;
      if (inode !== undefined) counted.add(inode);
      total += size;
    }
  }
  return total;
}

/** inode 只在内容有几个名字时给出; Windows 的编号超过 2 的 53 次方, 所以是文本 */
async function measure(file: string): Promise<{ readonly size: number; readonly inode?: string }> {
  const { size, nlink } = await stat(file);
  if (nlink < 2) return { size };
  return { size, inode: String((await stat(file, { bigint: true })).ino) };
}
