// 流式入口的失败路径 (真磁盘, 线上够不着的时机): 窗口, 空间, 文件都归位, 进程不倒
import assert from 'node:assert/strict';
import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { BlockPool } from '../files/block-pool.js';
import { Intake } from '../files/intake.js';
import { TypePolicy } from '../files/policy.js';
import { Space } from '../files/space.js';
import { WindowBudget } from '../files/window-budget.js';
import type { FileRecord } from '../protocol/messages.js';
import { Blobs } from '../store/blobs.js';
import { HashPool } from '../store/hash-pool.js';
import { StorageFolder } from '../store/storage-folder.js';
import { Thumbnails } from '../store/thumbnails.js';
import { atEnd, storedFiles, temporaryFolder } from './harness.js';
import { LOCAL_PARTY, NO_LIMITS } from './quota-tools.js';
import { randomBytes } from './uploading.js';

interface Parts {
  readonly root: string;
  readonly intake: Intake;
  readonly budget: WindowBudget;
  readonly space: Space;
  readonly announced: FileRecord[];
}

async function realIntake(t: TestContext): Promise<Parts> {
  const root = await temporaryFolder(t);
  const folder = await StorageFolder.open(root);
  const hashes = new HashPool(1);
  // 校验线程不拦进程退出, 而这里没有服务器: 等它回答时事件循环不能空
  const keepAlive = setInterval(() => {}, 1000);
  atEnd(t, () => {
    clearInterval(keepAlive);
    return hashes.stop();
  });
  const thumbnails = new Thumbnails({
    maxPixels: 1000,
    maxQueue: 1,
    quota: NO_LIMITS,
    now: () => performance.now(),
  });
  const totalBytes = 4_000_000;
  const budget = new WindowBudget({ totalBytes, windowBytes: 1_000_000, minBytes: 1000, maxGrants: 8 });
  const space = new Space(
    { quotaBytes: 0, minFreeBytes: 0 },
    0,
    () => folder.freeBytes(),
    () => performance.now(),
  );
  const announced: FileRecord[] = [];
  const intake = new Intake({
    fileBytes: 10_000_000,
    blobs: new Blobs(folder, hashes, thumbnails, { fsync: false }),
    pool: new BlockPool(4),
    budget,
    types: new TypePolicy({ blockedExtensions: [], blockedContent: [] }),
    space,
    announce: (file) => {
      announced.push(file);
      const entry = { kind: 'file', seq: announced.length, time: 0, file } as const;
      return { entry, durable: Promise.resolve() };
    },
    daily: { reserve: () => ({ settle() {}, release() {} }) },
    requireRoom: () => {},
    findAnnounced: () => Promise.resolve(undefined),
    findSent: () => Promise.resolve(undefined),
  });
  return { root, intake, budget, space, announced };
}

function assertClean({ budget, space, announced }: Parts, files: readonly string[]): void {
  assert.deepEqual([budget.usedBytes, space.usedBytes, announced.length, files], [0, 0, 0, []]);
}

test('流式接收: 发布失败 (元数据写不下) 后中止, 窗口与空间归还, 部分文件删除', async (t) => {
  const parts = await realIntake(t);
  const file = parts.intake.open(LOCAL_PARTY, '张三', 'a.bin', undefined);
  file.push(randomBytes(500_000));
  await file.verify();
  await rm(path.join(parts.root, 'meta'), { recursive: true });
  await assert.rejects(file.publish());
  await file.abort();
  await file.abort();
  assertClean(parts, await storedFiles(parts.root));
});

test('流式接收: 中止之后的发布不广播, 也不多还空间', async (t) => {
  const parts = await realIntake(t);
  const file = parts.intake.open(LOCAL_PARTY, '张三', 'a.bin', undefined);
  file.push(randomBytes(500_000));
  await file.verify();
  await file.abort();
  await assert.rejects(file.publish());
  await file.abort();
  assertClean(parts, await storedFiles(parts.root));
});

test('流式接收: 部分文件创建失败而还没有字节, 不成为未处理的拒绝; 之后推入与校验报出原因', async (t) => {
  const parts = await realIntake(t);
  const partial = path.join(parts.root, 'partial');
  await rm(partial, { recursive: true });
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const file = parts.intake.open(LOCAL_PARTY, '张三', 'a.bin', undefined);
  const failed = new Promise<void>((resolve) => {
    file.onProgress = resolve;
  });
  // 创建失败之后才来第一个字节
  await assert.rejects(chmod(partial, 0o700));
  await new Promise((resolve) => setImmediate(resolve));
  file.push(randomBytes(10));
  await failed;
  assert.throws(() => file.push(randomBytes(10)), { code: 'ENOENT' });
  await assert.rejects(file.verify());
  await file.abort();
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
  assertClean(parts, await storedFiles(parts.root));
});

test('流式接收: 空文件, 发布之后的中止不动它', async (t) => {
  const parts = await realIntake(t);
  const file = parts.intake.open(LOCAL_PARTY, '张三', '空.txt', 'text/plain');
  await file.verify();
  const entry = await file.publish();
  await file.abort();
  assert.equal(entry.file.size, 0);
  assert.equal((await storedFiles(parts.root)).length, 2);
  assert.equal(parts.budget.usedBytes, 0);
});
