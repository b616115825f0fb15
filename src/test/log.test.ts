// 日志: 每行一个 JSON, 秘密不外泄, 退出时不丢行, 停住的读者不拖住服务器
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { createLogger } from '../log.js';

const LOG_MODULE = new URL('../log.js', import.meta.url).href;

function collect(pretty: 'always' | 'never' = 'never', level = 'trace') {
  const lines: string[] = [];
  const log = createLogger({ level, pretty }, { write: (line) => void lines.push(line) });
  return { log, lines, text: () => lines.join('') };
}

/** 在另一个进程里向 stdout 写 count 行, 然后执行 ending */
function spawnLogger(count: number, ending: string) {
  const code = `
    const { createLogger } = await import(${JSON.stringify(LOG_MODULE)});
    const log = createLogger({ level: 'info', pretty: 'auto' });
    for (let i = 0; i < ${count}; i += 1) log.info({ i, pad: 'x'.repeat(200) }, '行');
    ${ending}`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

describe('日志: 内容', () => {
  it('每行一个 JSON, 级别是文字, 时间是 ISO', () => {
    const { log, lines } = collect();
    log.warn({ uploadId: 'u1', offset: 7 }, '分片偏移不符');
    log.child({ part: 'room' }).info('一行\n两行');
    const records = lines.map((line) => JSON.parse(line));
    assert.ok(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1));
    assert.deepEqual([records[0].level, records[0].uploadId, records[0].offset], ['warn', 'u1', 7]);
    assert.equal(records[0].time, new Date(records[0].time).toISOString());
    assert.deepEqual([records[1].part, records[1].msg], ['room', '一行\n两行']);
  });

  it('低于级别的不写', () => {
    const { log, lines } = collect('never', 'warn');
    log.info('不写');
    assert.equal(lines.length, 0);
  });

  it('令牌与文件内容不外泄: 各层, child, Error, 数组, 文字里', () => {
    for (const pretty of ['never', 'always'] as const) {
      const { log, text } = collect(pretty);
      const error = Object.assign(new Error('失败'), {
        token: 'SECRET',
        request: { authorization: 'SECRET' },
      });
      log.info({
        token: 'SECRET',
        a: { session: 'SECRET', b: { resumeToken: 'SECRET', c: { filedata: 'SECRET' } } },
      });
      log.info({ message: { type: 'file_chunk', data: 'SECRET' }, list: [{ token: 'SECRET' }] });
      log.info({ headers: { authorization: 'Bearer SECRET', cookie: 'SECRET' } });
      log.child({ session: 'SECRET', user: { token: 'SECRET' } }).info('子日志');
      log.error({ err: error }, '出错');
      log.error(error);
      log.info({ url: '/ws/transfer?session=SECRET&x=1' }, 'GET /ws/transfer?session=SECRET Bearer SECRET');
      log.info({ url: '/ws/transfer?ticket=SECRET' }, 'GET /ws/transfer?ticket=SECRET');
      assert.doesNotMatch(text(), /SECRET/);
      assert.match(text(), /已隐去/);
      assert.match(text(), /x=1/, '只隐去令牌, 其余照写');
    }
  });
});

describe('日志: stdout', { skip: process.platform === 'win32' }, () => {
  it('process.exit 之前的最后一行不丢', async () => {
    const child = spawnLogger(2000, "log.fatal('最后一行'); process.exit(3);");
    const output = await readAll(child.stdout);
    const lines = output.trimEnd().split('\n');
    assert.equal(lines.length, 2001);
    assert.equal(JSON.parse(lines.at(-1) ?? '').msg, '最后一行');
  });

  it('未捕获的异常之前的行不丢', async () => {
    const child = spawnLogger(10, "throw new Error('崩溃');");
    const output = await readAll(child.stdout);
    assert.equal(output.trimEnd().split('\n').length, 10);
  });

  it('读者停住时事件循环照常, 进程能退出, 丢弃的行有计数', { timeout: 20_000 }, async () => {
    // 转满这么多圈才退出: 写日志若等读者, 一圈也转不完
    const ending = `
      let turns = 0;
      setInterval(() => { turns += 1; if (turns === 30) process.exit(0); }, 10);`;
    const child = spawnLogger(20_000, ending);
    // 从不读 stdout, 直到进程结束: 管道很快就满
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    const lines = (await readAll(child.stdout)).split('\n');
    assert.ok(lines.length < 20_000, '排队有上限');
  });

  it('读者恢复后说明丢了几行, 没有断成两截的行', { timeout: 20_000 }, async () => {
    const ending =
      "process.stderr.write('满'); setInterval(() => {}, 1000); process.once('SIGUSR2', () => process.exit());";
    const child = spawnLogger(20_000, ending);
    await once(child.stderr, 'data');
    const records: { msg: string; dropped?: number }[] = [];
    for await (const line of createInterface(child.stdout)) {
      records.push(JSON.parse(line));
      // 缺口的说明排在缺口所在的位置, 也就是最后
      if (records.at(-1)?.dropped !== undefined) child.kill('SIGUSR2');
    }
    const written = records.filter(({ msg }) => msg === '行').length;
    assert.equal(written + (records.at(-1)?.dropped ?? 0), 20_000);
  });

  it('读者离开 (EPIPE) 时进程照常运行', { timeout: 20_000 }, async () => {
    const child = spawnLogger(
      1,
      "setTimeout(() => { for (let i = 0; i < 2000; i += 1) log.info('后来'); }, 300); setTimeout(() => process.exit(5), 600);",
    );
    child.stdout.destroy();
    const [code] = await once(child, 'exit');
    assert.equal(code, 5);
  });
});
