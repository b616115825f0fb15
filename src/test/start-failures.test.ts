// 起不来的原因: 一行中文, 哪个文件, 怎么办; 放开目录, 修好之后照常启动
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from './harness.js';
import { besides, openLog, range, say } from './history-tools.js';
import { startLogged } from './logged-start.js';
import { fillDisk, fillRest, smallDisk } from './small-disk.js';

async function refuses(t: TestContext, storage: string, reason: RegExp): Promise<void> {
  const before = openedUnder(storage);
  await assert.rejects(startLogged(t, storage), ({ message }: Error) => {
    assert.match(message, reason);
    assert.ok(!message.includes('\n'));
    return true;
  });
  assert.ok(!existsSync(path.join(storage, '.lock')), '放开了存储目录');
  assert.deepEqual(openedUnder(storage), before, '目录里什么也不再开着: 线程也都结束了');
}

/** 本进程 (各线程合起来) 开着 folder 里的哪些文件; 不是 Linux 看不到, 为空 */
function openedUnder(folder: string): ReadonlySet<string> {
  if (process.platform !== 'linux') return new Set();
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // 列目录用的那一个, 列完就关了
      return [];
    }
  });
  // 同一个文件开几次不论: 测试自己也开着数据库时, SQLite 晚些才关它的一份
  return new Set(files.filter((file) => file.startsWith(`${folder}${path.sep}`)).sort());
}

/** 停好的一个目录, 有 200 条消息 */
async function settled(t: TestContext, storage: string): Promise<string> {
  const folder = path.join(storage, 'history');
  mkdirSync(folder);
  const { log } = await openLog(t, { folder });
  for (const seq of range(1, 200)) void say(log, `第 ${seq} 条 ${'x'.repeat(200)}`);
  await log.stop();
  return folder;
}

test('子文件夹的位置是文件, 密钥的位置是文件夹: 指出是哪个, 移走之后照常启动', async (t) => {
  const storage = await temporaryFolder(t);
  const history = path.join(storage, 'history');
  writeFileSync(history, '');
  await refuses(t, storage, /history: 这里应是文件夹, 却是文件; 请移走它/);
  rmSync(history);
  mkdirSync(path.join(history, 'session.secret'), { recursive: true });
  await refuses(t, storage, /session\.secret: 这里应是文件, 却是文件夹; 请移走它/);
  rmSync(history, { recursive: true });
  await startLogged(t, storage);
});

test('历史打开之后才失败的 (上传的记录读不出) 也放开一切, 修好之后照常启动', async (t) => {
  const storage = await temporaryFolder(t);
  await (await startLogged(t, storage)).server.stop();
  const loop = path.join(storage, 'partial', 'loop.json');
  // 指着自己的链接: ELOOP, root 也读不出
  symlinkSync('loop.json', loop);
  await refuses(t, storage, /ELOOP/);
  rmSync(loop);
  await startLogged(t, storage);
});

test('数据库坏了一页, 或位置是文件夹: 指出文件, 建议体检', async (t) => {
  const storage = await temporaryFolder(t);
  const file = path.join(await settled(t, storage), 'messages.db');
  const page = 4096;
  // 头一页照旧: 打得开, 读到坏页才知道
  for (let at = page; at < statSync(file).size; at += page)
    writeSync(openSync(file, 'r+'), Buffer.alloc(page), 0, page, at);
  await refuses(t, storage, /messages\.db 已损坏; 请先备份, 再运行 npm run doctor 检查/);
  rmSync(file);
  mkdirSync(file);
  await refuses(t, storage, /messages\.db 打不开; 请检查/);
});

test('数据库被别的工具锁着: 说明是锁着, 放开之后照常启动', async (t) => {
  const storage = await temporaryFolder(t);
  const database = besides(t, await settled(t, storage));
  database.exec('BEGIN IMMEDIATE');
  await refuses(t, storage, /messages\.db 被别的程序锁着; 请关掉/);
  database.exec('ROLLBACK');
  await startLogged(t, storage);
});

test('磁盘满了, 还有预写文件要收: 说明是磁盘满, 腾出之后一条不少', async (t) => {
  const storage = await smallDisk(t);
  if (storage === undefined) return;
  const folder = await settled(t, storage);
  const lines = range(201, 3000).map((seq) => {
    const entry = { kind: 'text', id: `id-${seq}`, seq, time: 1, name: '张三', message: 'x'.repeat(200) };
    return `${JSON.stringify({ entry })}\n`;
  });
  // 目录先建好: 满了就建不了
  await (await startLogged(t, storage)).server.stop();
  writeFileSync(path.join(folder, 'journal-1.jsonl'), lines.join(''));
  const fillers = [fillDisk(storage, 100_000)];
  await refuses(t, storage, /messages\.db 写不进: 磁盘满了; 请腾出空间/);
  fillers.push(fillRest(storage));
  await refuses(t, storage, /\.lock: 磁盘满了, 请腾出空间/);
  for (const filler of fillers) rmSync(filler);
  await (await startLogged(t, storage)).server.stop();
  assert.equal((await openLog(t, { folder })).log.seq, 3000);
});
