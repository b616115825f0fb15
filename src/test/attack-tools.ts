// 攻击的试验台: 默认设置的真服务器 (谁也不信任), 127.0.0.3 上一刻不停的旁人, 127.0.0.2 上的攻击者。用法:
//
//   test('攻击某某', onLinux, async (t) => {
//     await underAttack(t, {
//       seconds: 8,
//       run: async (stage) => {
//         while (!stage.over.aborted) {
//           const socket = await AttackSocket.upgrade(stage);       // 或 Client.open(t, ws, { localAddress: stage.localAddress })
//           await stage.spend(frame.length);                        // 至多 2.5 MB/s
//           if (await socket.write(frame)) stage.count('写出的帧');
//           socket.close();
//         }
//       },
//     });
//   });
//
// run 早早返回也可以: 它占着的连接一直开到 seconds 到点, 那时 AttackSocket 自己断开。旁人在自己的进程里, 攻击者 (这个进程) 让路, 所以量到的是服务器。
// 断言: 聊天 p95 不到 250 毫秒, 旁人的哪一件事也没有失败, 内存增长不到 512 MiB, 服务器还活着。成绩写进一行 diagnostic
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { constants, setPriority } from 'node:os';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Aim } from './attack-socket.js';
import type { BystanderOptions, DeedName, Report, Tally, Testimony } from './bystander.js';
import { atEnd, type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { MemoryMeter } from './memory-tools.js';

export interface Stage extends Aim {
  readonly t: TestContext;
  readonly server: RunningProcess;
  /** 到点了: 攻击者的循环都看着它, AttackSocket 随它断开 */
  readonly over: AbortSignal;
  /** 攻击者做成了什么, 被拒了什么; 写进成绩 */
  count(what: string, amount?: number): void;
  /** 要发这么多字节: 等到不超过 ATTACK_BYTES_PER_SECOND 为止 */
  spend(bytes: number): Promise<void>;
}

export interface Attack {
  readonly seconds: number;
  readonly run: (stage: Stage) => Promise<unknown>;
  /** 压过默认设置的环境变量; 越少越好 */
  readonly env?: Readonly<Record<string, string>>;
  /** 旁人也做缩略图 */
  readonly thumbs?: boolean;
  /** 起服务器之前, 往存储目录里放些东西 */
  readonly prepare?: (storage: string) => Promise<void>;
}

export interface Figures {
  /** 旁人各件事的成绩 */
  readonly bystander: Report;
  /** 旁人自己的事件循环迟到多久 */
  readonly late: string;
  /** 内存的峰值比攻击之前多多少; 进程没了是 Infinity */
  readonly grownBytes: number;
  readonly attacker: Readonly<Record<string, number>>;
}

export const onLinux = {
  skip: process.platform !== 'linux' && '要读 /proc, 要有 127.0.0.2',
  timeout: 120_000,
};

export const ATTACKER = '127.0.0.2';
export const BYSTANDER = '127.0.0.3';
/** 攻击者的带宽, 字节/秒: 一条普通的家用线路 */
export const ATTACK_BYTES_PER_SECOND = 2_500_000;

const MIB = 1024 * 1024;
const MAX_CHAT_P95_MS = 250;
// 少于它的, p95 只是最慢的一两句
const MIN_CHATS = 40;
const MAX_GROWN_BYTES = 512 * MIB;
// 守不住时不让它吃光这台机器
const GUARD_BYTES = 3072 * MIB;
const GUARD_EVERY_MS = 100;
const BYSTANDER_PROCESS = fileURLToPath(new URL('./bystander-process.js', import.meta.url));

/** 攻击并断言旁人不受影响; 见文件头。错误: 断言不成立, 攻击自己抛错, 旁人在攻击之前就没做成 */
export async function underAttack(t: TestContext, attack: Attack): Promise<Figures> {
  const figures = await measureAttack(t, attack);
  t.diagnostic(describe(figures));
  assertHarmless(figures);
  return figures;
}

async function measureAttack(
  t: TestContext,
  { env = {}, thumbs = false, ...attack }: Attack,
): Promise<Figures> {
  const storage = await temporaryFolder(t);
  await attack.prepare?.(storage);
  const server = await spawnServer(t, storage, { SLUICE_TRUSTED_ADDRESSES: '', ...env });
  const stopBystander = await startBystander(t, { port: server.port, localAddress: BYSTANDER, thumbs });
  giveWay();
  const meter = new MemoryMeter(server);
  await meter.reset();
  const stopGuard = guard(server, meter);
  const attacker = await strike(t, server, attack);
  const { report, lateP95Ms, lateMaxMs } = await stopBystander();
  const peakBytes = await meter.peakBytes().catch(() => Number.POSITIVE_INFINITY);
  stopGuard();
  const late = `旁人自己迟到 p95 ${lateP95Ms.toFixed(0)}, 最久 ${lateMaxMs.toFixed(0)} ms`;
  return { bystander: report, late, grownBytes: peakBytes, attacker };
}

// 只降这个进程 (攻击者) 的: 服务器与旁人已经起来了。降了的多半升不回去, 所以一个文件只放一两次攻击
function giveWay(): void {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

/** 攻击到点为止; 返回攻击者记下的数 */
async function strike(
  t: TestContext,
  server: RunningProcess,
  { seconds, run }: Attack,
): Promise<Readonly<Record<string, number>>> {
  const over = AbortSignal.timeout(seconds * 1000);
  // 每条攻击的连接都听着它
  setMaxListeners(0, over);
  const counts = new Map<string, number>();
  const timeUp = once(over, 'abort');
  const stage: Stage = {
    t,
    server,
    over,
    port: server.port,
    localAddress: ATTACKER,
    count: (what, amount = 1) => void counts.set(what, (counts.get(what) ?? 0) + amount),
    spend: pacer(over),
  };
  await run(stage);
  await timeUp;
  return Object.fromEntries(counts);
}

// 攒着的至多一秒
function pacer(over: AbortSignal): (bytes: number) => Promise<void> {
  let paidUntilMs = performance.now() - 1000;
  return async (bytes) => {
    const nowMs = performance.now();
    paidUntilMs = Math.max(paidUntilMs, nowMs - 1000) + (bytes / ATTACK_BYTES_PER_SECOND) * 1000;
    if (paidUntilMs > nowMs) await sleep(paidUntilMs - nowMs, undefined, { signal: over }).catch(() => {});
  };
}

function guard(server: RunningProcess, meter: MemoryMeter): () => void {
  const timer = setInterval(() => {
    meter.grownBytes().then(
      (bytes) => bytes > GUARD_BYTES && server.child.kill('SIGKILL'),
      () => clearInterval(timer),
    );
  }, GUARD_EVERY_MS);
  return () => clearInterval(timer);
}

/** 旁人每件事都做成过一次才返回; 返回的函数让他停手, 给出成绩 */
async function startBystander(t: TestContext, options: BystanderOptions): Promise<() => Promise<Testimony>> {
  const child = fork(BYSTANDER_PROCESS);
  atEnd(t, () => child.kill('SIGKILL'));
  const told = async (): Promise<unknown> => {
    const exited = once(child, 'exit').then(() => assert.fail('旁人的进程没了'));
    const [message] = await Promise.race([once(child, 'message'), exited]);
    return message;
  };
  const ready = told();
  child.send(options);
  await ready;
  return async () => {
    const testimony = told();
    child.send('stop');
    return (await testimony) as Testimony;
  };
}

function assertHarmless({ bystander, late, grownBytes }: Figures): void {
  const failed = Object.entries(bystander).filter(([, { failures }]) => Object.keys(failures).length > 0);
  assert.deepEqual(
    Object.fromEntries(failed.map(([name, { failures }]) => [name, failures])),
    {},
    '旁人有事没做成',
  );
  const { count, p95Ms } = bystander.chat ?? assert.fail('旁人一句也没说成');
  assert.ok(count >= MIN_CHATS, `只说成了 ${count} 句, 量不出 p95 (${late})`);
  assert.ok(p95Ms < MAX_CHAT_P95_MS, `聊天的 p95 是 ${p95Ms.toFixed(0)} 毫秒 (${late})`);
  assert.ok(grownBytes < MAX_GROWN_BYTES, `内存涨了 ${mebibytes(grownBytes)} MiB`);
}

const DEEDS: Readonly<Record<DeedName, string>> = {
  chat: '聊天',
  post: '表单上传',
  chunks: '分片上传',
  download: '下载',
  search: '搜索',
  history: '翻历史',
  join: '进门',
  thumb: '缩略图',
};

function describe({ bystander, late, grownBytes, attacker }: Figures): string {
  const deeds = Object.entries(bystander) as [DeedName, Tally][];
  const parts = deeds.map(([name, tally]) => `${DEEDS[name]} ${describeTally(tally)}`);
  const counts = Object.entries(attacker).map(([what, count]) => `${what} ${count}`);
  return `旁人: ${parts.join('; ')} | ${late} | 内存 +${mebibytes(grownBytes)} MiB | 攻击者: ${counts.join(', ')}`;
}

function describeTally({ count, p50Ms, p95Ms, maxMs, failures }: Tally): string {
  const times = [p50Ms, p95Ms, maxMs].map((ms) => ms.toFixed(0)).join('/');
  const failed = Object.entries(failures).map(([reason, times]) => `${reason} x${times}`);
  return `${count} 次 ${times} ms${failed.length > 0 ? ` (失败: ${failed.join(', ')})` : ''}`;
}

const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(0);
