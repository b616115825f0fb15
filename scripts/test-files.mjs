// 选出要跑的测试文件: 按道与名字, 慢的一道再按种子取一份
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, listFiles, ROOT, readText, ScriptError, say } from './lib.mjs';

// [哪一种, 源文件夹, 测试文件的名字]
const KINDS = [
  ['server', 'src/test', /\.test\.ts$/],
  ['web', 'web/test', /\.test\.ts$/],
  ['python', 'python_client/tests', /\/test_\w+\.py$/],
];

/** 返回 [{ kind, lane, source }], source 相对 ROOT; 前提: 已经构建。一个也没有选中时抛 ScriptError */
export async function selectTests({ lanes, sliced, filters }, seed) {
  const { chooseSlice, laneOf, saidSeconds } = await import(
    pathToFileURL(path.join(DIST, 'test', 'lanes.js')).href
  );
  const wanted = KINDS.flatMap(([kind, folder, pattern]) =>
    listFiles(folder)
      .filter((source) => pattern.test(source) && isWanted(source, filters))
      .map((source) => ({ kind, lane: laneOf(source), source })),
  ).filter(({ lane }) => lanes.includes(lane));
  if (wanted.length === 0) throw new ScriptError(`没有名字含 ${filters.join(', ')} 的测试文件`);
  if (!sliced) return wanted;
  const slow = wanted.filter(({ lane }) => lane === 'slow');
  const slice = chooseSlice(
    slow.map(({ source }) => ({ file: source, seconds: saidSeconds(readText(path.join(ROOT, source))) })),
    seed,
  );
  if (slow.length > 0) saySlice(slice, slow.length);
  return wanted.filter(({ lane, source }) => lane !== 'slow' || slice.files.includes(source));
}

function isWanted(source, filters) {
  return filters.length === 0 || filters.some((filter) => path.basename(source).includes(filter));
}

function saySlice({ files, seconds, number, count }, total) {
  say(
    `慢的一道轮到第 ${number} / ${count} 份: ${total} 个文件里的 ${files.length} 个, 约 ${seconds} 秒; 全跑用 npm test -- --slow`,
  );
}
