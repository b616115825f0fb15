// 拖进来的文件夹: 次序与上限
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDropped, MAX_DROPPED } from '../../src/view/dropped/dropped-files.js';

type Tree = readonly (string | readonly [string, Tree])[];

/** 一棵树做成的目录项; 与浏览器一样一次至多给 100 个 */
function entryOf(node: Tree[number]): object {
  if (typeof node === 'string') {
    return { name: node, isDirectory: false, file: (give: (file: object) => void) => give({ name: node }) };
  }
  const [name, children] = node;
  const createReader = () => {
    let taken = 0;
    const readEntries = (give: (entries: object[]) => void): void => {
      give(children.slice(taken, taken + 100).map(entryOf));
      taken += 100;
    };
    return { readEntries };
  };
  return { name, isDirectory: true, createReader };
}

function collect(tree: Tree) {
  const items = tree.map((node) => ({ kind: 'file', webkitGetAsEntry: () => entryOf(node) }));
  return collectDropped({ items } as unknown as DataTransfer);
}

async function namesIn(tree: Tree): Promise<string[]> {
  return (await collect(tree)).files.map(({ file }) => file.name);
}

test('文件夹: 按名字的自然次序, 每个文件夹各排各的', async () => {
  const tree: Tree = [['剧', ['第10集', '第2集', ['第3集 花絮', ['b', 'a']], '第1集']]];
  assert.deepEqual(await namesIn(tree), ['第1集', '第2集', 'a', 'b', '第10集']);
});

test('文件夹: 超过一批的也一起排', async () => {
  const names = Array.from({ length: 250 }, (_, index) => `${250 - index}.txt`);
  const sorted = Array.from({ length: 250 }, (_, index) => `${index + 1}.txt`);
  assert.deepEqual(await namesIn([['夹', names]]), sorted);
});

test('文件夹: 超过上限的说明没有收, 收下的是排在前面的', async () => {
  const names = Array.from({ length: MAX_DROPPED + 150 }, (_, index) => `${MAX_DROPPED + 150 - index}`);
  const { files, tooMany } = await collect([['夹', names]]);
  assert.equal(tooMany, true);
  assert.deepEqual([files.length, files[0]?.file.name, files.at(-1)?.file.name], [MAX_DROPPED, '1', '1000']);
});
