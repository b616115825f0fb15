// PROTOCOL.md 与代码一致: 错误, 关闭码, 消息, 字段, 常量, 设置; 服务器的实际输出见 protocol-output.test.ts
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { burstOf } from '../chat/rate-limit.js';
import { listSettings, SCHEMA } from '../config-schema.js';
import { MAX_FILE_NAME_BYTES } from '../files/naming.js';
import { CHUNK_HEADER_BYTES, decodeChunkFrame } from '../protocol/chunk-frame.js';
import { CLIENT_TYPES, decodeFrame } from '../protocol/codec.js';
import { AppError, CLOSES, ERRORS } from '../protocol/errors.js';
import * as messages from '../protocol/messages.js';
import { MAX_QUERY_WORDS } from '../protocol/search-query.js';
import { MAX_NAME_CODE_POINTS } from '../protocol/user-name.js';
import { SHAPES } from './message-shapes.js';
import { type DocMessage, mismatches, readMessages, readSections, sectionOf } from './protocol-doc.js';
import { readSource } from './source-scan.js';

type Fields = Record<string, unknown>;

const SECTIONS = readSections('src/protocol/PROTOCOL.md');
const MESSAGES = readMessages(SECTIONS);
const CLIENT = MESSAGES.filter(({ fromClient }) => fromClient);
const SERVER = MESSAGES.filter(({ fromClient }) => !fromClient);

function decode(message: Fields) {
  return decodeFrame(Buffer.from(JSON.stringify(message)), false);
}

function titleKey({ title }: DocMessage): string {
  return title.replace(/ \(.*/, '');
}

function parse(example: string): Fields {
  return JSON.parse(example) as Fields;
}

describe('PROTOCOL.md: 表格', () => {
  it('错误码, HTTP 状态与可否重试', () => {
    const [, table = []] = sectionOf(SECTIONS, 'error (服务器 -> 客户端)').tables;
    const documented = table.map(([code, http, retryable]) => [code, Number(http), retryable === '是']);
    const actual = Object.entries(ERRORS).map(([code, { http, retryable }]) => [code, http, retryable]);
    assert.deepEqual(documented, actual);
  });

  it('关闭码, 原因与何时重连', () => {
    const words = { now: '立即', later: '30 秒后', never: '不' } as const;
    const [table = []] = sectionOf(SECTIONS, '关闭码').tables;
    assert.deepEqual(
      table.map(([code, reason, retry]) => [Number(code), reason, retry]),
      Object.values(CLOSES).map(({ code, reason, retry }) => [code, reason, words[retry]]),
    );
  });

  it('常量', () => {
    const [table = []] = sectionOf(SECTIONS, '常量').tables;
    const documented = new Map(table.map(([name = '', value]) => [name, Number(value)]));
    const history = decode({ type: 'history' });
    const known: Record<string, unknown> = {
      ...messages,
      CHUNK_HEADER_BYTES,
      MAX_NAME_CODE_POINTS,
      MAX_QUERY_WORDS,
      MAX_FILE_NAME_BYTES,
      HISTORY_DEFAULT: history.type === 'history' ? history.limit : undefined,
      // 私有的常量; 它的作用由 protocol-output.test.ts 在真服务器上核对
      REPLAY_BYTES: documented.get('REPLAY_BYTES'),
    };
    for (const [name, value] of documented) assert.equal(value, known[name], name);
    const limits = Object.keys(messages).filter((name) => name.startsWith('MAX_'));
    assert.deepEqual(
      limits.filter((name) => !documented.has(name)),
      [],
      '没有写明的常量',
    );
  });

  it('设置的环境变量, 键与默认值', () => {
    const settings = new Map(listSettings(SCHEMA).map((setting) => [setting.env, setting]));
    const [table = []] = sectionOf(SECTIONS, '9. 设置').tables;
    assert.ok(table.length > 0);
    for (const [env = '', path, value] of table) {
      const setting = settings.get(env);
      assert.equal(setting?.path, path, env);
      assert.equal(value, String(setting?.entry.default) || '(空)', env);
    }
  });

  it('正文里提到的设置都存在', () => {
    const paths = new Set(listSettings(SCHEMA).map(({ path }) => path));
    const groups = Object.keys(SCHEMA).join('|');
    const mentioned = readSource('src/protocol/PROTOCOL.md').matchAll(
      new RegExp(`\`((?:${groups})\\.\\w[\\w.]*)\``, 'g'),
    );
    const unknown = [...mentioned].map(([, path = '']) => path).filter((path) => !paths.has(path));
    assert.deepEqual(
      unknown.filter((path) => !/\.(?:ts|js)$/.test(path)),
      [],
    );
  });

  it('welcome 示例里的 limits 与 features 是默认值', () => {
    const { limits, features } = parse(sectionOf(SECTIONS, 'welcome (服务器 -> 新人)').examples[0] ?? '');
    const { fileBytes, frameBytes, chunkBytes, windowBytes } = SCHEMA.files;
    assert.deepEqual(limits, {
      fileBytes: fileBytes.default,
      frameBytes: frameBytes.default,
      chunkBytes: chunkBytes.default,
      windowBytes: windowBytes.default,
      textBytes: SCHEMA.chat.textBytes.default,
      nameLength: MAX_NAME_CODE_POINTS,
      messagesPerSecond: SCHEMA.chat.messagesPerSecond.default,
      messagesBurst: burstOf(SCHEMA.chat.messagesPerSecond.default),
    });
    assert.deepEqual(features, [...messages.SERVER_FEATURES]);
  });

  it('二进制分片的示例', () => {
    const text = readSource('src/protocol/PROTOCOL.md');
    const [, head = '', offset] = /^(01 \| \w+ \| \w+) .*offset = (\d+)$/m.exec(text) ?? [];
    const frame = decodeChunkFrame(Buffer.from(head.replace(/[ |]/g, ''), 'hex'));
    assert.equal(frame.offset, Number(offset));
    assert.equal(frame.uploadId, '3f0c8a52-8a7d-4e0b-b0a5-6a1d2c3e4f50');
  });
});

describe('PROTOCOL.md: 客户端消息', () => {
  it('类型与解码表相同', () => {
    assert.deepEqual([...new Set(CLIENT.map(({ type }) => type))].sort(), [...CLIENT_TYPES].sort());
  });

  it('字段与解码器读取的相同', () => {
    const source = readSource('src/protocol/codec.ts');
    const read = [...source.matchAll(/envelope(?:\[|, )'(\w+)'/g)].map(([, name]) => name);
    const payloads = /PAYLOAD_KEYS = \['(\w+)', '(\w+)'\]/.exec(source)?.slice(1) ?? [];
    const documented = CLIENT.flatMap(({ fields }) => [...fields.keys()]);
    assert.deepEqual([...new Set(documented)].sort(), [...new Set([...read, ...payloads])].sort());
  });

  for (const message of CLIENT) {
    const examples = message.examples.map(parse);

    it(`${message.title}: 示例合格, 且用到每个字段`, () => {
      const used = new Set(examples.flatMap((example) => Object.keys(example)));
      assert.deepEqual([...used].sort(), [...message.fields.keys()].sort());
      for (const example of examples) {
        assert.equal(example['type'], message.type);
        assert.deepEqual(mismatches(example, message.fields), []);
        decode(example);
      }
    });

    it(`${message.title}: 必需的不能少, 可选的真的有用, 类型不对即拒绝`, () => {
      for (const [name, { required }] of message.fields) {
        const full = examples.find((example) => name in example) ?? {};
        const { [name]: _removed, ...rest } = full;
        if (required) assert.throws(() => decode(rest), AppError, `${name} 是必需的`);
        else assert.notDeepEqual(decode(rest), decode(full), `${name} 没有作用`);
        assert.throws(
          () => decode({ ...full, [name]: { wrong: true } }),
          (error) => error instanceof AppError && error.facts['field'] === name,
          `${name} 的类型`,
        );
      }
    });

    it(`${message.title}: 不认识的字段被忽略, 可选的 null 等于没有`, () => {
      for (const example of examples) {
        assert.deepEqual(decode({ ...example, unknown: [1] }), decode(example));
        for (const [name, { required }] of message.fields) {
          if (required || !(name in example)) continue;
          const { [name]: _removed, ...rest } = example;
          assert.deepEqual(decode({ ...rest, [name]: null }), decode(rest), name);
        }
      }
    });
  }
});

describe('PROTOCOL.md: 服务器消息', () => {
  it('种类与字段同 messages.ts 里的类型', () => {
    const documented = SERVER.map((message) => [
      titleKey(message),
      Object.fromEntries([...message.fields].map(([name, { required }]) => [name, required])),
    ]);
    assert.deepEqual(Object.fromEntries(documented), SHAPES);
  });

  for (const message of SERVER) {
    it(`${message.title}: 示例与字段表相符`, () => {
      for (const example of message.examples.map(parse)) {
        assert.equal(example['type'], message.type);
        const facts = message.type === 'error' ? ['limit'] : [];
        const base = Object.fromEntries(Object.entries(example).filter(([name]) => !facts.includes(name)));
        assert.deepEqual(mismatches(base, message.fields), []);
      }
    });
  }
});
