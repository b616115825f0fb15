// 外来的模糊测试: 20 万个输入 (帧, 请求头, Range, multipart), 真进程; 没有一个 internal, 没有半个文件, 诚实的人照常; 约 60 秒
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client } from './client.js';
import { examine } from './doctor-tools.js';
import { Dice } from './fuzz-dice.js';
import { FrameDoor, RequestDoor, sendAndHangUp } from './fuzz-doors.js';
import { lethalFrame, livingFrame } from './fuzz-frames.js';
import { brokenRequest, formRequest, oddRequest, rangeRequest } from './fuzz-requests.js';
import { type RunningProcess, spawnServer, temporaryFolder } from './harness.js';
import { publishOne } from './http-tools.js';
import { MemoryMeter } from './memory-tools.js';
import { assertPublished, randomBytes } from './uploading.js';

const MIB = 1024 * 1024;
const BATCHES = 4;
// 每批每道多少个输入, 几条连接同时送
const LANES = { frames: 32_000, odd: 6000, broken: 4000, ranges: 6000, forms: 2000 } as const;
const CONNECTIONS = 8;
const FRAMES_AT_ONCE = 50;
// 每几批帧里有一批的最后一个不合 RFC 6455
const LETHAL_ONE_IN = 6;
const MAX_GROWN_BYTES = 512 * MIB;
const PATHS = ['/', '/ws', '/?frames=small'];

type Lane = keyof typeof LANES;

interface Target {
  readonly server: RunningProcess;
  /** 一个真的文件的路径 */
  readonly file: string;
}

/** 一条连接送完 count 个 */
type Sender = (target: Target, dice: Dice, count: number) => Promise<void>;

const aimOf = ({ server }: Target, dice: Dice) => ({
  port: server.port,
  localAddress: `127.0.0.${2 + dice.below(200)}`,
});

const SENDERS: Readonly<Record<Lane, Sender>> = {
  frames: async (target, dice, count) => {
    const door = new FrameDoor(aimOf(target, dice), dice.pick(PATHS));
    for (let sent = 0; sent < count; sent += FRAMES_AT_ONCE) {
      const lethal = dice.once(LETHAL_ONE_IN);
      const frames = Array.from({ length: FRAMES_AT_ONCE }, () => livingFrame(dice));
      if (lethal) frames[FRAMES_AT_ONCE - 1] = lethalFrame(dice);
      await door.send(frames, lethal);
    }
    door.close();
  },
  odd: async (target, dice, count) => {
    const door = new RequestDoor(aimOf(target, dice));
    for (let sent = 0; sent < count; sent += 1) {
      const { method, bytes } = oddRequest(dice, target.file);
      await door.send(bytes, method);
    }
    door.close();
  },
  broken: async (target, dice, count) => {
    for (let sent = 0; sent < count; sent += 1) {
      await sendAndHangUp(aimOf(target, dice), brokenRequest(dice, target.file));
    }
  },
  ranges: async (target, dice, count) => {
    const door = new RequestDoor(aimOf(target, dice));
    for (let sent = 0; sent < count; sent += 1) await door.send(rangeRequest(dice, target.file));
    door.close();
  },
  forms: async (target, dice, count) => {
    const door = new RequestDoor(aimOf(target, dice));
    for (let sent = 0; sent < count; sent += 1) await door.send(formRequest(dice));
    door.close();
  },
};

async function batch(target: Target, seed: number): Promise<void> {
  const lanes = Object.entries(SENDERS) as [Lane, Sender][];
  const works = lanes.flatMap(([lane, send], order) =>
    Array.from({ length: CONNECTIONS }, (_, index) =>
      send(target, new Dice(seed * 1000 + order * 100 + index), LANES[lane] / CONNECTIONS),
    ),
  );
  await Promise.all(works);
}

/** 诚实的人: 说话, 上传, 下载 */
async function assertServes(t: TestContext, { ws, http }: RunningProcess, round: number): Promise<void> {
  const honest = await Client.join(t, ws, `诚实${round}`, { features: ['batch'] });
  honest.send({ type: 'text', message: `第 ${round} 批之后`, clientId: 'c' });
  await honest.next('ack');
  const data = randomBytes(5000, round + 1);
  await assertPublished(await publishOne(http, '好的.bin', data), data);
  honest.socket.terminate();
}

test('模糊: 20 万个输入, 每个都有认得的答话, 服务器与诚实的人照常', { timeout: 280_000 }, async (t) => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Math.floor(Date.now() / 86_400_000));
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const storage = await temporaryFolder(t);
  const server = await spawnServer(t, storage, { SLUICE_MESSAGES_PER_SECOND: '0' });
  const { url } = await publishOne(server.http, '目标.txt', Buffer.alloc(3000, 'a'));
  const target = { server, file: new URL(String(url)).pathname };
  const meter = process.platform === 'linux' ? new MemoryMeter(server) : undefined;
  await meter?.reset();
  for (let round = 0; round < BATCHES; round += 1) {
    await batch(target, seed * BATCHES + round);
    await assertServes(t, server, round);
  }
  assert.deepEqual(
    server.lines.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
    [],
  );
  const grownBytes = (await meter?.peakBytes()) ?? 0;
  t.diagnostic(`内存 +${(grownBytes / MIB).toFixed(0)} MiB`);
  assert.ok(grownBytes < MAX_GROWN_BYTES, `内存涨了 ${grownBytes} 字节`);
  assert.equal(await server.signal('SIGTERM'), 0);
  // 体检没有话说: 没有半个文件, 没有缺了记录的文件
  const { code, report } = await examine(storage, { hashes: true });
  assert.equal(code, 0, JSON.stringify(report).slice(0, 2000));
});
