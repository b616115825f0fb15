// 在线名单: 一阵一阵的进出之后人数与名字都对; 排序与截断
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { People } from '../../src/model/people.js';
import { drawnPeople, MAX_DRAWN } from '../../src/view/people/people-list.js';
import { SortedNames } from '../../src/view/people/sorted-names.js';

test('进出: 重复的不重复计, 没来过的不算离开', () => {
  const people = new People();
  people.reset(['张三', '李四'], 2);
  assert.deepEqual(people.apply(['张三', '王五'], ['赵六']), { joined: ['王五'], left: [] });
  assert.equal(people.online, 3);
  people.apply([], ['张三', '张三']);
  assert.equal(people.online, 2);
  assert.deepEqual([...people.names], ['李四', '王五']);
});

test('名单不全: 人数以服务器的为准, 不认识的人也能离开', () => {
  const people = new People();
  people.reset(['张三'], 900);
  assert.deepEqual(people.apply([], ['没见过的']).left, ['没见过的']);
  assert.equal(people.online, 899);
  people.apply(['李四'], [], 1200);
  assert.equal(people.online, 1200);
});

test('排序: 增量补的与整个重排的一样', () => {
  const sorted = new SortedNames('zh-CN');
  const names = new Set(Array.from({ length: 400 }, (_, index) => `用户${(index * 7919) % 400}`));
  sorted.update(names);
  for (let round = 0; round < 300; round += 1) {
    names.delete(`用户${(round * 31) % 400}`);
    names.add(`新人${(round * 17) % 90}`);
    sorted.update(names);
  }
  assert.deepEqual(sorted.update(names), new SortedNames('zh-CN').update(names));
});

test('排序: 中文按拼音, 数字按大小', () => {
  const names = new SortedNames('zh-CN').update(new Set(['用户10', '张三', '用户9', '李四']));
  assert.deepEqual(names, ['李四', '用户9', '用户10', '张三']);
});

test('画出的: 自己在最前, 截断时说明还有多少', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `用户${index}`);
  const drawn = drawnPeople(names, '用户999', '', 1500);
  assert.equal(drawn.names[0], '用户999');
  assert.equal(drawn.names.length, MAX_DRAWN);
  assert.equal(drawn.hidden, 1500 - MAX_DRAWN);
  assert.equal(new Set(drawn.names).size, MAX_DRAWN);
});

test('搜索: 不分大小写, 人数按找到的算', () => {
  const drawn = drawnPeople(['Ada', 'Bob', '阿达'], 'Bob', ' aD ', 900);
  assert.deepEqual(drawn, { names: ['Ada'], hidden: 0 });
});
