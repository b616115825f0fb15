import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MultipartReader } from '../transport/multipart.js';
import { BOUNDARY, multipart, type Part } from './http-tools.js';

interface Parsed {
  readonly fields: [name: string, value: string][];
  readonly files: { readonly name: string; readonly chunks: Buffer[] }[];
  readonly outcome: string;
}

/** 按 cuts 切开喂进去; 每块用独立的内存, feed 一返回就涂毁, 正如 uWS 的块在回调之后失效 */
function parse(body: Buffer, cuts: readonly number[], boundary = BOUNDARY): Promise<Parsed> {
  return new Promise((resolve) => {
    const fields: Parsed['fields'] = [];
    const files: Parsed['files'] = [];
    const settle = (outcome: string): void => resolve({ fields, files, outcome });
    const reader = new MultipartReader(`multipart/form-data; boundary="${boundary}"`, 8, {
      field: (name, value) => void fields.push([name, value()]),
      file: (name) => {
        const chunks: Buffer[] = [];
        files.push({ name, chunks });
        // 接收方也须在调用期间拷走
        return (bytes) => void chunks.push(Buffer.from(bytes));
      },
      close: () => settle('完整'),
      reject: ({ message }) => settle(message),
    });
    const edges = [0, ...cuts, body.length];
    for (let index = 1; index < edges.length; index += 1) {
      const block = Buffer.from(new Uint8Array(body.subarray(edges[index - 1], edges[index])).buffer);
      reader.feed(block);
      block.fill(0xee);
    }
    reader.end();
  });
}

async function expectWhole(
  parts: readonly Part[],
  cuts: readonly number[],
  boundary = BOUNDARY,
): Promise<void> {
  const { fields, files, outcome } = await parse(multipart(parts, boundary), cuts, boundary);
  assert.equal(outcome, '完整');
  const wantedFields = parts.filter(({ fileName }) => fileName === undefined);
  assert.deepEqual(
    fields,
    wantedFields.map(({ field, data }) => [field ?? 'name', data]),
  );
  const wantedFiles = parts.filter(({ fileName }) => fileName !== undefined);
  assert.deepEqual(
    files.map(({ name }) => name),
    wantedFiles.map(({ fileName }) => fileName),
  );
  for (const [index, { chunks }] of files.entries()) {
    assert.deepEqual(Buffer.concat(chunks), Buffer.from(wantedFiles[index]?.data as Uint8Array));
  }
}

// 内容由边界的碎片拼成, 最容易骗过跨块的查找; 但不含完整的分隔行
const SHARDS = [
  '\r',
  '\n',
  '\r\n',
  '-',
  '--',
  `--${BOUNDARY}`,
  BOUNDARY,
  `\r\n--${BOUNDARY.slice(0, -1)}`,
  'x',
  '\0',
];
const content = fc
  .array(fc.constantFrom(...SHARDS), { maxLength: 30 })
  // 边界占着行首 (段头之后的空行也算行) 或行尾的是写坏了的分隔行
  .map((shards) => shards.join('').replaceAll(/(?:^|\n)--xYzBoundary7|--xYzBoundary7(?:--)?(?:\r\n|$)/g, '#'))
  .map((text) => Buffer.from(text));
const file = fc.record({ fileName: fc.constantFrom('a.txt', '中文 名.bin', "it's.md"), data: content });
const field = fc.record({
  field: fc.constantFrom('name', '备注'),
  data: fc.string({ unit: 'grapheme', maxLength: 40 }),
});
const form = fc.array(fc.oneof(file, field), { minLength: 1, maxLength: 6 });

function sample(): Part[] {
  return [
    { field: 'name', data: '张三' },
    { fileName: '甲.txt', data: Buffer.from(`一\r\n--${BOUNDARY.slice(0, 5)}\r\n--二`) },
    { field: 'note', data: '中间' },
    { fileName: 'b.bin', data: Buffer.from([0, 13, 10, 45, 45, 255]) },
  ];
}

test('multipart 解析: 在每一个位置切成两块都不差一个字节', async () => {
  const parts = sample();
  const { length } = multipart(parts);
  for (let cut = 1; cut < length; cut += 1) await expectWhole(parts, [cut]);
});

test('multipart 解析: 一次一个字节也不差', async () => {
  const parts = sample();
  const { length } = multipart(parts);
  await expectWhole(
    parts,
    Array.from({ length: length - 1 }, (_, index) => index + 1),
  );
});

test('multipart 解析: 任意内容, 任意切法, 内存随即涂毁, 结果仍逐字节相同', async () => {
  const positions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(form, positions, async (parts, places) => {
      const { length } = multipart(parts);
      const cuts = places.map((place) => Math.floor(place * length)).sort((left, right) => left - right);
      await expectWhole(parts, cuts);
    }),
    { numRuns: 1500 },
  );
});

test('multipart 解析: 短到一个字符, 以及全是横线的边界', async () => {
  const parts = [{ data: '张三' }, { fileName: 'a', data: Buffer.from('b\r\n-\r\n---c\r\n') }];
  for (const boundary of ['q', '-----', `----WebKitFormBoundary${'7'.repeat(16)}`, 'y'.repeat(70)]) {
    const { length } = multipart(parts, boundary);
    for (let cut = 1; cut < length; cut += 1) await expectWhole(parts, [cut], boundary);
  }
});

test('multipart 解析: 少了任意长的尾巴都报错, 不当成完整', async () => {
  const body = multipart(sample());
  // 最后的 CRLF 可有可无, 到 "--" 就算完整
  for (let length = 0; length < body.length - 2; length += 1) {
    const { outcome } = await parse(body.subarray(0, length), []);
    assert.notEqual(outcome, '完整', `${length}`);
  }
});

test('multipart 解析: 任意垃圾只会报错, 不会抛出', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(400), async (noise, cut) => {
      const body = Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n`), noise]);
      const { outcome } = await parse(body, [Math.min(cut, body.length)]);
      assert.notEqual(outcome, '完整');
    }),
    { numRuns: 500 },
  );
});
