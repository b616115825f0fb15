// 被测服务器的存储目录: 列出, 清理, 刷盘; 不依赖它内部怎么摆放
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Options } from './options.js';

/** 达到此大小的文件视为上传的内容 */
const CONTENT_BYTES = 1024 * 1024;
/** 消息日志: 可以比内容还大, 而且服务器正开着它, 不能删 */
const HISTORY_FOLDER = 'history';

/** 自己建的, 还没删的: Ctrl+C 时也不在内存盘里留下几个 GiB */
const left = new Set<string>();

function removeLeft(): void {
  // 服务器刚被杀掉, 最后一次写入可能还在途: 删不净就再删几次
  for (const path of left) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

function remember(path: string): void {
  if (left.size === 0) process.once('exit', removeLeft);
  left.add(path);
}

function forget(path: string): void {
  left.delete(path);
  if (left.size === 0) process.off('exit', removeLeft);
}

export class StorageFolder {
  readonly path: string;
  /** 压测之前就有的文件: 无论如何不删 (--url 时这里是真实的数据) */
  readonly #kept: ReadonlySet<string>;
  readonly #own: boolean;

  /** parent 由 --storage 给出时也在其下另建目录; 只有 --url 直接用它, 因为服务器已经在那里 */
  constructor(options: Options, parent: string, name: string) {
    this.#own = options.url === undefined;
    this.path = this.#own ? join(parent, `sluice-bench-${process.pid}-${name}`) : parent;
    if (this.#own) {
      mkdirSync(this.path, { recursive: true });
      remember(this.path);
    }
    this.#kept = new Set(this.list().keys());
  }

  /** 递归列出普通文件 (消息日志除外): 路径 -> 字节数 */
  list(): Map<string, number> {
    const files = new Map<string, number>();
    for (const entry of readdirSync(this.path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.parentPath === join(this.path, HISTORY_FOLDER)) continue;
      const path = join(entry.parentPath, entry.name);
      // 列出与查看之间文件可能已被服务器删去
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats !== undefined) files.set(path, stats.size);
    }
    return files;
  }

  /** 消息日志占的磁盘 (字节): 数据库, 它的预写日志, 与消息自己的预写文件 */
  historyBytes(): number {
    const folder = join(this.path, HISTORY_FOLDER);
    return existsSync(folder) ? sizeOf(folder) : 0;
  }

  /** 轮与轮之间删去上传的内容, 再刷盘: 两者都不能落进下一次测量 */
  deleteContent(): void {
    for (const [path, bytes] of this.list()) {
      if (bytes >= CONTENT_BYTES && !this.#kept.has(path)) rmSync(path, { force: true });
    }
    execFileSync('sync');
  }

  /**
   * 写一个同样大的文件再删去, 使页缓存要用的内存已由宿主机分配。
   * 陷阱: 虚拟机里从未用过 (或闲置 2 秒后被收回) 的内存, 首次写入要宿主机补页; 实测每 GiB 从 0.25 s 变成 2.8 s 的内核时间,
   * 谁碰上谁倒霉。所以紧挨着每次测量之前做, 让各方都从热内存开始。
   */
  warmMemory(bytes: number): void {
    const path = `${this.path}.ballast`;
    remember(path);
    const fd = openSync(path, 'w');
    const zeros = Buffer.alloc(CONTENT_BYTES);
    for (let written = 0; written < bytes; written += zeros.length) writeSync(fd, zeros);
    closeSync(fd);
    // 不刷盘: 删去的脏页直接作废, 不会回写
    rmSync(path);
    forget(path);
  }

  freeBytes(): number {
    return freeBytes(this.path);
  }

  /** 结束时整个删去; 不是自己建的只删上传的内容 */
  remove(): void {
    if (this.#own) {
      rmSync(this.path, { recursive: true, force: true });
      forget(this.path);
    } else this.deleteContent();
  }
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
}

export function freeBytes(folder: string): number {
  const stats = statfsSync(folder);
  return stats.bavail * stats.bsize;
}

/** 选用 /dev/shm 所需的空闲: mixed 每段约写入 10 GiB */
const RAM_DISK_BYTES = 16 * 1024 ** 3;

/** 比速度时默认用内存盘 (没有或不够大时用 fallback): 真磁盘的回写抢占 CPU, 时快时慢, 盖过服务器之间的差别 */
export function fastStorage(fallback: string): string {
  const roomy = existsSync('/dev/shm') && freeBytes('/dev/shm') >= RAM_DISK_BYTES;
  return roomy ? '/dev/shm' : fallback;
}
