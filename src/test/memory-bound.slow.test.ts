// 内存的上限: 真进程, 把各项逐一推到上限, 一项叠一项; 每一步的峰值都不过公式, 散场之后还回来; 约 5 秒
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../config.js';
import { Client } from './client.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import { crowdItems, memoryItems } from './memory-formula.js';
import { deafDownload, endlessPost, MemoryMeter, POOL_THREADS, stallDisk } from './memory-tools.js';
import { frame, OPCODES, RawClient } from './raw.js';
import { begin } from './uploading.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const ENV = {
  SLUICE_MESSAGES_PER_SECOND: '0',
  SLUICE_FRAME_BYTES: '2MiB',
  SLUICE_SERVER_SLOW_CONSUMER_BYTES: '256KiB',
  SLUICE_SERVER_RECEIVE_BUDGET_BYTES: '16MiB',
  SLUICE_CHAT_TEXT_BYTES: '64KiB',
  SLUICE_CHAT_HISTORY_BYTES: '4MiB',
  SLUICE_CHAT_REMEMBERED_CLIENT_IDS: '256',
  SLUICE_HISTORY_PENDING_BYTES: '8MiB',
  SLUICE_FANOUT_PENDING_BYTES: '1MiB',
  SLUICE_FILES_THUMB_PIXELS: '1000000',
  SLUICE_FILES_CHUNK_BYTES: '1MiB',
  SLUICE_FILES_WINDOW_BYTES: '8MiB',
  SLUICE_UPLOADS_MAX_ACTIVE: '16',
  SLUICE_UPLOADS_WINDOW_BUDGET_BYTES: '32MiB',
  SLUICE_DOWNLOADS_MAX_ACTIVE: '64',
};
const CONFIG = loadConfig({ env: ENV, args: [] });
const CROWD = { halfFrames: 8, stalled: 32, heardLarge: 0, sessions: 8 };
const ITEMS: Readonly<Record<string, number>> = {
  ...memoryItems(CONFIG),
  ...crowdItems(CONFIG, CROWD),
};
// 公式之外的零头: 内核的页, 分配器的碎片
const SLACK_BYTES = 16 * MIB;
const HALF = 0.5;
// 广播填满各处的一条
const LARGE_TEXT = 'x'.repeat(60 * KIB);
// 写线程的 SQLite 页缓存 16 MiB: 多写一倍, 它与搬运用的缓冲才都到顶
const WRITTEN_BYTES = 32 * MIB;
// 一轮这么多条: 内核的缓冲几轮就满, 之后全是积压
const LARGE_ROUND = 8;
const MAX_ROUNDS = 40;
// 闲置时留住的: 128 个写入块, 16 个读缓冲
const IDLE_BYTES = 40 * MIB;

interface Stage {
  readonly server: RunningProcess;
  readonly meter: MemoryMeter;
  /** 一个大文件的路径: 装不进内核的缓冲 */
  readonly longFile: string;
}

/** 一步: 推到上限的那几项, 与推的办法 */
interface Step {
  readonly items: readonly string[];
  readonly drive: (t: TestContext, stage: Stage) => Promise<void>;
}

// 先热身: 堆, 线程与代码都就位, 之后每一项的增长才看得清
const WARM_UP: Step = {
  items: ['还没回收的垃圾', '历史的读写线程', '历史的尾部', '未落盘的消息', '会话'],
  drive: fillMemories,
};
const STEPS: readonly Step[] = [
  { items: ['接收缓冲 (还没收完的帧)'], drive: sendHalfFrames },
  { items: ['接收缓冲 (收完的大帧)'], drive: sendLargeFrames },
  { items: ['下载的读缓冲'], drive: downloadWithoutReading },
  { items: ['发送积压', '等着广播的消息'], drive: floodTheDeaf },
  {
    items: ['收下而未落盘的上传', '未写满的写入块', '暂停之后多到的请求体'],
    drive: uploadToStalledDisk,
  },
];

const onLinux = { skip: process.platform !== 'linux' && '要读 /proc' };

test('内存的上限', onLinux, async (t) => {
  const server = await spawnServer(t, await temporaryFolder(t), ENV);
  const meter = new MemoryMeter(server);
  const { url } = await publishOne(server.http, 'long.bin', Buffer.alloc(24 * MIB, 1));
  const stage = { server, meter, longFile: new URL(String(url)).pathname };
  await t.test('热身之后, 会话与历史不过公式', (step) => climb(step, [WARM_UP], stage));
  await t.test('各项都到了上限: 峰值不过公式, 照样答话', (step) => climb(step, STEPS, stage));
  await t.test('散场之后还回来: 只剩闲置的块与没回收的垃圾', async (step) => {
    // 分配器留着碎片不还, 所以再加一份余量; 这仍不到公式之和的七成
    const leftBytes = IDLE_BYTES + (ITEMS['还没回收的垃圾'] ?? 0) + 2 * SLACK_BYTES;
    await meter.until('散场', Number.NEGATIVE_INFINITY, leftBytes);
    step.diagnostic(`剩下 ${mebibytes(await meter.grownBytes())}, 至多 ${mebibytes(leftBytes)} MiB`);
    const { welcome } = await Client.join(step, server.ws, '后来的人');
    assert.equal(welcome['online'], 1);
  });
});

// 一步叠一步: 前面的还占着, 峰值与到此为止各项之和比
async function climb(t: TestContext, steps: readonly Step[], stage: Stage): Promise<void> {
  const { meter } = stage;
  await meter.reset();
  let boundBytes = SLACK_BYTES;
  for (const { items, drive } of steps) {
    for (const item of items) boundBytes += ITEMS[item] ?? assert.fail(item);
    await drive(t, stage);
    const peakBytes = await meter.peakBytes();
    const found = `峰值 ${mebibytes(peakBytes)}, 公式 ${mebibytes(boundBytes)} MiB`;
    t.diagnostic(`${items.join(', ')}: ${found}`);
    assert.ok(peakBytes <= boundBytes, `${items.join(', ')}: ${found}`);
  }
}

const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(1);

// 每个会话记满应答; 这些话也填满历史的尾部。之后写大的, 到写线程的页缓存也满: 否则它要到后面说大话的一步才长, 算在别人头上
async function fillMemories(t: TestContext, { server }: Stage): Promise<void> {
  await fillSessions(t, server);
  const talker = await Client.join(t, server.ws, '话多的');
  for (let sentBytes = 0; sentBytes < WRITTEN_BYTES; sentBytes += LARGE_ROUND * LARGE_TEXT.length) {
    await sayLarge(talker);
  }
  talker.socket.close();
  await talker.close();
}

/** 一轮大的, 等到都落盘: 说得比磁盘快的话, 攒满了就拒绝 (server_busy), 攒着的也算不到这一步的项里 */
async function sayLarge(talker: Client): Promise<void> {
  const clientIds = Array.from({ length: LARGE_ROUND }, () => randomUUID());
  for (const clientId of clientIds) talker.send({ type: 'text', message: LARGE_TEXT, clientId });
  for (const clientId of clientIds) await talker.next((m) => m.type === 'ack' && m['clientId'] === clientId);
}

async function fillSessions(t: TestContext, server: RunningProcess): Promise<void> {
  const message = '满'.repeat(250);
  for (let index = 0; index < CROWD.sessions; index += 1) {
    const client = await Client.join(t, server.ws, `会话${index}`);
    // 比记得住的多: 挤出去的进过滤器
    const count = 2 * CONFIG.chat.rememberedClientIds;
    for (let sent = 0; sent < count; sent += 1) {
      client.send({ type: 'text', message, clientId: String(sent).padStart(64, 'c') });
    }
    const last = String(count - 1).padStart(64, 'c');
    await client.next((m) => m.type === 'ack' && m['clientId'] === last);
    client.socket.close();
    await client.close();
  }
}

async function sendHalfFrames(t: TestContext, { server, meter }: Stage): Promise<void> {
  const largest = CONFIG.files.frameBytes + 64 * KIB;
  const before = await meter.grownBytes();
  for (let count = 0; count < CROWD.halfFrames; count += 1) {
    const client = await RawClient.upgrade(t, server.port);
    client.write(frame(OPCODES.text, 'x', { claim: largest }));
    // 差一个字节; 内容无所谓
    client.write(Buffer.alloc(largest - 2));
  }
  await meter.until('半帧', before + HALF * (ITEMS['接收缓冲 (还没收完的帧)'] ?? 0));
}

// 总量是预算的两倍: 超出的被请走
async function sendLargeFrames(t: TestContext, { server }: Stage): Promise<void> {
  const { frameBytes } = CONFIG.files;
  const count = (2 * CONFIG.server.receiveBudgetBytes) / frameBytes;
  const clients: Client[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = await Client.open(t, server.ws);
    client.sendRaw(' '.repeat(frameBytes));
    await client.next('error');
    clients.push(client);
  }
  const closed = (): number => clients.filter((client) => client.closed?.code === 4009).length;
  await Promise.race(clients.map((client) => client.close()));
  assert.ok(closed() > 0);
}

// 占满名额, 只给后面停住磁盘的留几个; 每个各留一块读缓冲
async function downloadWithoutReading(t: TestContext, { server, meter, longFile }: Stage): Promise<void> {
  const before = await meter.grownBytes();
  for (let count = 0; count < CONFIG.downloads.maxActive - POOL_THREADS; count += 1) {
    await deafDownload(t, server.port, longFile);
  }
  await meter.until('下载', before + HALF * (ITEMS['下载的读缓冲'] ?? 0));
}

// 停读的人在, 房间里照样说话: 他们先后被断开
async function floodTheDeaf(t: TestContext, { server }: Stage): Promise<void> {
  const talker = await Client.join(t, server.ws, '说话人');
  for (let index = 0; index < CROWD.stalled; index += 1) {
    const deaf = await Client.join(t, server.ws, `停读${index}`);
    deaf.socket.pause();
  }
  const gone = (): number => talker.of('user_update').filter((m) => m['action'] === 'leave').length;
  for (let rounds = 0; rounds < MAX_ROUNDS && gone() < CROWD.stalled; rounds += 1) {
    await sayLarge(talker);
  }
  assert.equal(gone(), CROWD.stalled);
}

// 磁盘停住: 窗口, 写入块与请求体都堆在内存里; 其间聊天照常, 放开之后都写完
async function uploadToStalledDisk(t: TestContext, { server }: Stage): Promise<void> {
  const { maxActive } = CONFIG.uploads;
  const uploads = [];
  for (let index = 0; index < maxActive; index += 1) {
    const client = await Client.join(t, server.ws, `上传${index}`);
    uploads.push({ client, ready: await begin(client, { size: 64 * MIB }) });
  }
  const resumeDisk = await stallDisk(t, server);
  for (const { client, ready } of uploads) {
    sendWindow(client, ready);
    await client.settle();
    assert.equal(client.of('file_ack').length, 0, '磁盘确实停着, 整个窗口都在内存里');
  }
  for (let count = 0; count < maxActive; count += 1) {
    await endlessPost(t, server.port, CONFIG.files.windowBytes + MIB);
  }
  // 一来一回, 每个请求至多读进 512 KiB: 够多个来回, 请求体就都停在了上限
  const talker = await Client.join(t, server.ws, '旁人');
  for (let sent = 0; sent < (2 * CONFIG.files.windowBytes) / (512 * KIB); sent += 1) {
    talker.send({ type: 'text', message: '在吗', clientId: String(sent) });
    await talker.next('ack');
  }
  await resumeDisk();
  for (const { client, ready } of uploads) {
    const windowBytes = Number(ready['windowBytes']);
    await client.next((m) => m.type === 'file_ack' && m['offset'] === windowBytes);
  }
}

// 一整个窗口; 不与写入块对齐, 块的零头才显得出来
function sendWindow(client: Client, { uploadId, windowBytes }: Readonly<Record<string, unknown>>): void {
  const chunk = Buffer.alloc(100_000, 1);
  for (let offset = 0; offset < Number(windowBytes); offset += chunk.byteLength) {
    client.sendChunk(String(uploadId), offset, chunk.subarray(0, Number(windowBytes) - offset));
  }
}
