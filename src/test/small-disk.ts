// 测试用的小磁盘: 一个 tmpfs, 可以真的写满; 也可以把一个文件夹盖成只读的
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd, temporaryFolder } from './harness.js';

const DISK_BYTES = 24 * 1024 * 1024;

/** 挂一个 24 MiB 的 tmpfs; 没有权限则跳过测试并返回 undefined (配额的测试在 quota.test.ts, 处处能跑) */
export async function smallDisk(t: TestContext): Promise<string | undefined> {
  const folder = await temporaryFolder(t);
  return mount(t, folder, `size=${DISK_BYTES}`) === undefined ? undefined : folder;
}

/**
 * 在 folder 上盖一个只读的空 tmpfs: 此后在里面新建, 改名, 删除都是 EROFS, 已打开的句柄不受影响。
 * 返回揭开的函数 (测试结束时也揭开); 没有权限则跳过测试并返回 undefined
 */
export function coverReadOnly(t: TestContext, folder: string): (() => void) | undefined {
  return mount(t, folder, 'ro');
}

function mount(t: TestContext, folder: string, options: string): (() => void) | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'ignore' });
  } catch {
    t.skip('挂不了 tmpfs (不是 root, 或不是 Linux)');
    return undefined;
  }
  let isMounted = true;
  const unmount = (): void => {
    process.off('exit', unmount);
    // 惰性卸载: 那时服务器可能还开着句柄
    if (isMounted) execFileSync('umount', ['-l', folder]);
    isMounted = false;
  };
  // 进程异常退出也要卸下
  process.once('exit', unmount);
  atEnd(t, unmount);
  return unmount;
}

/** 占到大约只剩 leftBytes (按页取整); 返回占位文件, 删掉它就腾出来了 */
export function fillDisk(folder: string, leftBytes: number): string {
  const filler = path.join(folder, 'filler');
  const free = Number(execFileSync('df', ['-B1', '--output=avail', folder]).toString().split('\n')[1]);
  writeFileSync(filler, Buffer.alloc(Math.max(0, free - leftBytes)));
  return filler;
}

/** 填满最后一页; 返回占位文件 */
export function fillRest(folder: string): string {
  const filler = path.join(folder, 'rest');
  for (let bytes = 64 * 1024; bytes >= 4096; bytes /= 2) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // 满了: 换更小的块填余下的
    }
  }
  return filler;
}
