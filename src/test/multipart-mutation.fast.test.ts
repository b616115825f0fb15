// 随机写法与随机损坏: 合规的一字不差, 损坏的要么报错, 要么每个分隔行都有着落, 绝不少一段而说成功
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MultipartReader } from '../transport/multipart.js';

const BOUNDARY = 'xYzBoundary7';
const B = `--${BOUNDARY}`;

interface Parsed {
  /** 依次: 字段是 名=值, 文件是 名:内容 (latin1) */
  readonly parts: readonly string[];
  /** 出错的说明; 完整则 undefined */
  readonly error: string | undefined;
}

/** 切成几块喂进去, 每块随即涂毁 */
function parse(body: Buffer, places: readonly number[]): Promise<Parsed> {
  return new Promise((resolve) => {
    const parts: string[] = [];
    const reader = new MultipartReader(`multipart/form-data; boundary=${BOUNDARY}`, 16, {
      field: (name, value) => void parts.push(`${name}=${value()}`),
      file: (name) => {
        const index = parts.push(`${name}:`) - 1;
        return (bytes) => {
          parts[index] += Buffer.from(bytes).toString('latin1');
        };
      },
      close: () => resolve({ parts, error: undefined }),
      reject: ({ message }) => resolve({ parts, error: message }),
    });
    const cuts = places.map((place) => Math.floor(place * body.length)).sort((left, right) => left - right);
    const edges = [0, ...cuts, body.length];
    for (let index = 1; index < edges.length; index += 1) {
      const block = Buffer.from(new Uint8Array(body.subarray(edges[index - 1], edges[index])).buffer);
      reader.feed(block);
      block.fill(0xee);
    }
    reader.end();
  });
}

interface Sample {
  readonly text: string;
  /** 应当解析出的; 没有选文件的文件框没有 */
  readonly part: string | undefined;
}

// 内容是 latin1, 混着边界的碎片; 边界不占行首与行尾, 否则就是分隔行了
const SHARDS = ['\r', '\n', '\r\n', '-', '--', B.slice(0, -1), `${B}!`, 'x', '\0', '\xff\xfe'];
const content = fc
  .array(fc.constantFrom(...SHARDS), { maxLength: 12 })
  .map((shards) => shards.join('').replaceAll(/(?:^|\n)--xYzBoundary7/g, '#'));
const padding = fc.constantFrom('', ' ', '\t  ');
const fold = fc.constantFrom('', ' ', '\t', '\r\n ', '\r\n\t');
const header = fc.constantFrom('Content-Disposition', 'content-disposition', 'CONTENT-DISPOSITION');
const extra = fc.constantFrom(
  '',
  'X-A: b\r\n',
  'Content-Type: text/plain\r\n',
  'Content-Transfer-Encoding: 8bit\r\n',
);
const layout = fc.record({ padding, fold, header, extra, data: content });

// [线上的写法, 读出来的名字]
const fileNames = fc.constantFrom(
  ['filename=a.txt', 'a.txt'],
  ['filename="b c;d=\\"e.md"', 'b c;d="e.md'],
  ['filename="C:\\x\\\\y%22"', 'C:\\x\\y"'],
  ["filename*=UTF-8''%41.txt", 'A.txt'],
);
const file = fc
  .record({ layout, fileName: fileNames })
  .map(({ layout, fileName: [written, read] }): Sample => {
    const { padding, fold, header, extra, data } = layout;
    const head = `${extra}${header}:${fold}form-data;${fold}name=f${fold};${fold}${written}`;
    return { text: `${B}${padding}\r\n${head}\r\n\r\n${data}\r\n`, part: `${read}:${data}` };
  });
// 空的内容写成最短的样子: 空行的 CRLF 就是下一个分隔行的
const short = fc.constant<Sample>({
  text: `${B}\r\nContent-Disposition: form-data; name="f"; filename="s"\r\n\r\n`,
  part: 's:',
});
const field = fc
  .record({ layout, value: fc.constantFrom('', '值', 'a\r\nb', '--') })
  .map(({ layout: { padding, header, fold }, value }): Sample => {
    const head = `${B}${padding}\r\n${header}: form-data;${fold} name="n"\r\n\r\n`;
    return { text: `${head}${Buffer.from(value).toString('latin1')}\r\n`, part: `n=${value}` };
  });
const unchosen = fc.constant<Sample>({
  text: `${B}\r\nContent-Disposition: form-data; name="u"; filename=""\r\n\r\n\r\n`,
  part: undefined,
});
const form = fc.record({
  preamble: fc.constantFrom('', '', 'preamble\r\n', '\r\n'),
  samples: fc.array(fc.oneof(file, short, field, unchosen), { minLength: 1, maxLength: 5 }),
  ending: fc.constantFrom('', '\r\n', ' \r\nepilogue', '\r\n\r\n--\r\n'),
});
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });

function bodyOf({
  preamble,
  samples,
  ending,
}: typeof form extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const text = `${preamble}${samples.map((sample) => sample.text).join('')}${B}--${ending}`;
  return Buffer.from(text, 'latin1');
}

test('multipart: 任意合规的写法, 任意切法, 每一段都在, 一个字节不差', async () => {
  await fc.assert(
    fc.asyncProperty(form, places, async (value, cuts) => {
      const expected = value.samples.flatMap(({ part }) => (part === undefined ? [] : [part]));
      assert.deepEqual(await parse(bodyOf(value), cuts), { parts: expected, error: undefined });
    }),
    { numRuns: 2000 },
  );
});

/** 一处损坏: 改, 删, 插, 重复, 截断 */
const damage = fc.record({
  kind: fc.constantFrom('change', 'delete', 'insert', 'repeat', 'truncate'),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 12 }),
  bytes: fc.constantFrom(
    '\n',
    '\r',
    '\r\n',
    '-',
    '--',
    '"',
    ';',
    ' ',
    'x',
    ':',
    '\0',
    '\xff',
    `\r\n${B}`,
    `\n${B}\r\n`,
    B,
  ),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function spoil(body: Buffer, { kind, place, length, bytes }: Damage): Buffer {
  const at = Math.floor(place * body.length);
  const inserted = Buffer.from(bytes, 'latin1');
  const keep = { change: inserted.length, delete: length, insert: 0, repeat: -length, truncate: body.length }[
    kind
  ];
  const middle = kind === 'change' || kind === 'insert' ? inserted : Buffer.alloc(0);
  return Buffer.concat([body.subarray(0, at), middle, body.subarray(Math.max(0, at + keep))]);
}

// 损坏了边界本身的那一段成了邻居的内容 (谁也看不出来), 那里面的不算
const UNCHOSEN = /(?:^|\n)--xYzBoundary7[ \t]*\r\n[^\r\n]*filename=""/g;

/** 占着行首或行尾的边界: 每一个都是分隔行, 一个不认就是少了一段 */
function delimiters(body: Buffer): number {
  return body.toString('latin1').match(/(?:^|\n)--xYzBoundary7|--xYzBoundary7(?:--)?(?=\r\n)/g)?.length ?? 0;
}

test('multipart: 任意损坏的表单要么报错, 要么每个分隔行都有着落, 绝不少一段而说成功', async () => {
  let survived = 0;
  await fc.assert(
    fc.asyncProperty(form, damage, places, async (value, harm, cuts) => {
      const body = spoil(bodyOf(value), harm);
      const { parts, error } = await parse(body, cuts);
      if (error !== undefined) return;
      survived += 1;
      const ignored = body.toString('latin1').match(UNCHOSEN)?.length ?? 0;
      assert.equal(parts.length + ignored, delimiters(body) - 1, JSON.stringify(body.toString('latin1')));
    }),
    { numRuns: 4000 },
  );
  // 损坏的落在内容里的那些仍是好的表单: 两种结果都要见到
  assert.ok(survived > 200 && survived < 3600, `${survived}`);
});

test('multipart: 同一份字节, 不管怎么切, 结果都一样', async () => {
  await fc.assert(
    fc.asyncProperty(form, damage, places, async (value, harm, cuts) => {
      const body = spoil(bodyOf(value), harm);
      const whole = await parse(body, []);
      const cut = await parse(body, cuts);
      assert.equal(cut.error === undefined, whole.error === undefined, `${whole.error} ${cut.error}`);
      if (whole.error === undefined) assert.deepEqual(cut.parts, whole.parts);
    }),
    { numRuns: 2000 },
  );
});
