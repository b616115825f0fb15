// 同一份内容的多个名字 (硬链接): 建立与删除; 引用数由文件系统自己数, 崩溃也数不错
import { constants, copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import { isMissing, translateDiskError } from './disk-errors.js';
import { OneAtATime } from './one-at-a-time.js';

export class ContentLinks {
  /** 建立与删除依次进行: 交错起来就分不清最后一个引用是谁删的, 空间会算错 */
  readonly #turns = new OneAtATime();

  /**
   * 给 source 的内容再起一个名字 target; 返回是否成功。source 须真有 size 字节: 索引只是线索。
   * 不成功不是错误: 文件系统不支持 (FAT, 有的网络盘), 名字数到顶 (EMLINK), source 刚被删, 调用方各有退路
   */
  link(source: string, target: string, size: number): Promise<boolean> {
    return this.#turns.run(async () => {
      try {
        const found = await stat(source);
        if (!found.isFile() || found.size !== size) return false;
        await link(source, target);
        return true;
      } catch {
        // 错误码因系统而异 (EPERM, ENOTSUP, EXDEV, Windows 的 EISDIR): 不必区分, 退路总是对的
        return false;
      }
    });
  }

  /**
   * 让 target 这个名字改指 source 的内容 (size 字节): 先链接到 beside (同一文件系统) 再改名, 中途崩溃 target 仍是原来的。
   * 返回释放的字节数 (原来的内容还有别的名字则为 0); 不成功则 undefined
   */
  async replace(source: string, target: string, beside: string, size: number): Promise<number | undefined> {
    await rm(beside, { force: true }).catch(() => {});
    if (!(await this.link(source, beside, size))) return undefined;
    return this.#turns.run(async () => {
      try {
        const { size: oldBytes, nlink } = await stat(target);
        await rename(beside, target);
        return nlink > 1 ? 0 : oldBytes;
      } catch {
        return undefined;
      }
    });
  }

  /** 删除一个名字; 返回释放的字节数: 还有别的名字, 或本来就不存在, 则为 0 */
  unlink(file: string): Promise<number> {
    return this.#turns.run(async () => {
      try {
        const { size, nlink } = await stat(file);
        await rm(file);
        return nlink > 1 ? 0 : size;
      } catch (error) {
        if (isMissing(error)) return 0;
        throw error;
      }
    });
  }
}

/**
 * 链接不了时的复制: 先写 temporary (同一文件系统) 再改名, 崩溃不会留下半个文件。
 * 支持写时复制的文件系统 (Btrfs, XFS, APFS) 并不真的复制。错误: storage_full, server_busy, 其余为系统错误
 */
export async function copyContent(
  source: string,
  {
    temporary,
    target,
    flush,
  }: { readonly temporary: string; readonly target: string; readonly flush: boolean },
): Promise<void> {
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    if (flush) await syncFile(temporary);
    await rename(temporary, target);
  } catch (error) {
    // 只读的磁盘上删也报错: 不能盖住真正的原因
    await rm(temporary, { force: true }).catch(() => {});
    throw translateDiskError(error);
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.datasync().finally(() => handle.close());
}
