// node --test 的第二个报告: 只有没有通过的测试, 每个一段: 名字, 文件与行, 错误的开头
import path from 'node:path';
import { inspect } from 'node:util';

// 断言的对比与自己的几层调用多在里面; 全文在 spec 的报告里
const ERROR_LINES = 24;
const MAX_COLUMNS = 300;
// 整个文件崩溃时, 原因只在它最后写到 stderr 的话里
const STDERR_CHARACTERS = 4000;

export default async function* reportFailures(events) {
  const stderr = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:stderr') {
      const known = stderr.get(data.file) ?? '';
      stderr.set(data.file, (known + data.message).slice(-STDERR_CHARACTERS));
    }
    if (type === 'test:fail' && isOwn(data)) yield `${describe(data, stderr)}\n`;
  }
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
