// 存储目录的布局; 所有路径只在这里拼出, 且只由 UUID 与受限的扩展名组成, 因此走不出目录
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';

const SUBFOLDERS = ['files', 'meta', 'partial', 'thumbs'] as const;
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
      await removeTemporary(path.join(root, name));
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
    return path.join(this.root, 'partial', `${uploadId}.part`);
  }

  journal(uploadId: string): string {
    return path.join(this.root, 'partial', `${uploadId}.json`);
  }

  thumb(fileId: string): string {
    return path.join(this.root, 'thumbs', `${fileId}.webp`);
  }

  get partialFolder(): string {
    return path.join(this.root, 'partial');
  }

  /** 已占用的字节数: 已发布的与未完成的 */
  async usedBytes(): Promise<number> {
    const sizes = await Promise.all(
      ['files', 'partial'].map((name) => folderBytes(path.join(this.root, name))),
    );
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** 磁盘对普通用户可用的字节数 */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }
}

// 原子写入 (先写 .tmp 再改名) 中途被 kill -9 会留下临时文件: 启动时清掉
async function removeTemporary(folder: string): Promise<void> {
  const names = await readdir(folder);
  const leftovers = names.filter((name) => name.endsWith('.tmp'));
  for (const name of leftovers) await rm(path.join(folder, name), { force: true });
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  let total = 0;
  for (let start = 0; start < names.length; start += STAT_BATCH) {
    const batch = names.slice(start, start + STAT_BATCH);
    const sizes = await Promise.all(batch.map(async (name) => (await stat(path.join(folder, name))).size));
    total += sizes.reduce((sum, bytes) => sum + bytes, 0);
  }
  return total;
}
