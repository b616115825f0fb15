// node --test 的第二个报告, 由 node-test.mjs 读回: 每行一个 JSON, 是一个测试的用时, 或没有通过的一段话
import path from 'node:path';
import { inspect } from 'node:util';

// 断言的对比与自己的几层调用多在里面; 全文在 spec 的报告里
const ERROR_LINES = 24;
const MAX_COLUMNS = 300;
// 整个文件崩溃时, 原因只在它最后写到 stderr 的话里
const STDERR_CHARACTERS = 4000;

/** 每行是 { name, place, ms } 或 { failure }: 名字, 文件与行, 错误的开头 */
export default async function* reportResults(events) {
  const stderr = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:stderr') {
      const known = stderr.get(data.file) ?? '';
      stderr.set(data.file, (known + data.message).slice(-STDERR_CHARACTERS));
    }
    if (type === 'test:fail' && isOwn(data)) yield line({ failure: describe(data, stderr) });
    // 一组的时间是里面各个的和, 不算
    if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite') {
      yield line({ name: data.name, place: path.basename(data.file ?? ''), ms: data.details.duration_ms });
    }
  }
}

function line(result) {
  return `${JSON.stringify(result)}\n`;
}

// 里层的测试没有通过时外层也算, 但没有自己的话要说
function isOwn({ details, todo }) {
  return details.error.failureType !== 'subtestsFailed' && todo === undefined;
}

function describe({ name, file, line, details }, stderr) {
  const place = path.relative(process.cwd(), file ?? '');
  const title = file === name ? place : `${name} (${place}:${line})`;
  const lines = `${errorText(details.error)}\n${file === name ? (stderr.get(file) ?? '') : ''}`
    .split('\n')
    .filter((text) => text.trim() !== '' && !/^\s+at .*\bnode:/.test(text));
  return [title, ...lines.slice(0, ERROR_LINES).map((text) => `  ${text.slice(0, MAX_COLUMNS)}`)].join('\n');
}

function errorText({ cause, exitCode, signal }) {
  if (typeof cause !== 'string') return inspect(cause, { depth: 3, breakLength: MAX_COLUMNS });
  const end = signal ?? exitCode;
  return end === undefined ? cause : `${cause}: ${end}`;
}
