// 攻击测试共用的: 一部长历史 (直接写进数据库, 连同索引), 只管问不管答的机器人, 从某个地址来的旁人
import path from 'node:path';
import type { TestContext } from 'node:test';
import Database from 'libsql';
import { WebSocket } from 'ws';
import { DATABASE_NAME } from '../store/history/database.js';
import { StorageFolder } from '../store/storage-folder.js';
import type { Client, Message } from './client.js';
import { atEnd } from './harness.js';
import { openLog, say } from './history-tools.js';

const LONG_TEXT = '长'.repeat(5000);
// 一个字起头的三字组要多到搜索宁可逐条看
const HAN = 'char(19968 + abs(random()) % 3000)';
const SHORT_TEXT = `CASE i % 2 WHEN 0 THEN 'x' ELSE 'y' END || ${Array(8).fill(HAN).join(' || ')}`;

export interface DeepHistory {
  /** 一共多少条 */
  readonly count: number;
  /** 最旧的这么多条各约 15 KB; 其余各十来个字, 单数的含 y, 双数的含 x */
  readonly long: number;
}

/** 建在 storage 里; 服务器须还没有启动 */
export async function deepHistory(
  t: TestContext,
  storage: string,
  { count, long }: DeepHistory,
): Promise<void> {
  const { historyFolder: folder } = await StorageFolder.open(storage);
  const { log } = await openLog(t, { folder });
  await say(log, '第一条');
  await log.stop();
  const database = new Database(path.join(folder, DATABASE_NAME));
  database.exec('BEGIN');
  database
    .prepare(
      `INSERT INTO messages (seq, kind, id, time, name, body)
       WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       SELECT i, 'text', 'id-' || i, 1700000000000 + i, '老张', CASE WHEN i <= ? THEN ? ELSE ${SHORT_TEXT} END FROM n`,
    )
    .run([count, long, LONG_TEXT]);
  database
    .prepare(
      `INSERT INTO message_index (rowid, body, facets)
       SELECT seq, body || char(1, 1), '' FROM messages WHERE seq > ?`,
    )
    .run([long]);
  database.prepare('INSERT INTO message_blocks VALUES (?, 1, 0, ?)').run([count, Date.now()]);
  for (const key of ['last_seq', 'indexed_seq'])
    database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run([key, String(count)]);
  database.exec('COMMIT');
  database.close();
}

export interface Bots {
  readonly ws: string;
  readonly localAddress: string;
  readonly count: number;
  /** 每个机器人一上来就问这么多个, 之后每秒也这么多 */
  readonly perSecond: number;
  readonly question: () => object;
}

/** 加入之后不停地问, 直到测试结束; 回答只收不看。兑现于人人都问过第一轮 */
export async function bots(
  t: TestContext,
  { ws, localAddress, count, perSecond, question }: Bots,
): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = new WebSocket(ws, { localAddress, perMessageDeflate: false });
      atEnd(t, () => socket.terminate());
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      // 之后被断开也算他自己的
      socket.on('error', () => {});
      socket.send(
        JSON.stringify({ type: 'user_update', action: 'join', name: `机器人${index}`, features: [] }),
      );
      return socket;
    }),
  );
  const askAll = (): void => {
    for (const socket of sockets)
      for (let asked = 0; asked < perSecond; asked += 1)
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(question()));
  };
  askAll();
  const timer = setInterval(askAll, 1000);
  atEnd(t, () => clearInterval(timer));
}

export interface Asked {
  readonly answer: Message;
  readonly tookMs: number;
}

/** 依次问 times 遍 */
export async function askInTurn(
  client: Client,
  times: number,
  question: (index: number) => object,
): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (let index = 0; index < times; index += 1) {
    const startedMs = performance.now();
    client.send({ ...question(index), ref: `问${index}` });
    const answer = await client.next((message) => message['ref'] === `问${index}`);
    asked.push({ answer, tookMs: performance.now() - startedMs });
  }
  return asked;
}

/** 没有答上来的 */
export function refused(asked: readonly Asked[]): readonly Message[] {
  return asked.map(({ answer }) => answer).filter(({ type }) => type === 'error');
}

/** 95 % 的都在这么多毫秒之内 */
export function p95(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  return Math.round(sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0);
}
