// SECURITY.md 与项目一致: 上限表, 提到的设置, 链接, 没有编造的联系方式
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { limitsTable } from '../config.js';
import { listSettings, SCHEMA } from '../config-schema.js';
import { RATES, SHARES } from '../quota/limits.js';
import { ROOT, readSource } from './source-scan.js';

const TEXT = readSource('SECURITY.md');
const PATHS = new Set(listSettings(SCHEMA).map((setting) => setting.path));

describe('SECURITY.md', () => {
  it('上限表就是设置里的数字 (不同: npm run config -- --write)', () => {
    const [, table = ''] = /<!-- limits:start -->\n([\s\S]*)<!-- limits:end -->/.exec(TEXT) ?? [];
    assert.equal(table, limitsTable());
  });

  it('按地址计的每一项都在表里', () => {
    for (const { setting } of [...Object.values(RATES), ...Object.values(SHARES)]) {
      assert.ok(PATHS.has(setting), setting);
      assert.ok(TEXT.includes(`| \`${setting}\` |`), setting);
    }
  });

  it('正文里提到的设置都存在, 链接的文件都在, README 链接到它', () => {
    const groups = Object.keys(SCHEMA).join('|');
    for (const [, name = ''] of TEXT.matchAll(new RegExp(`\`((?:${groups})\\.[a-z]\\w*)\``, 'g')))
      assert.ok(PATHS.has(name), name);
    for (const [, target = ''] of TEXT.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(path.join(ROOT, target)), target);
    assert.match(readSource('README.md'), /\]\(SECURITY\.md\)/);
  });

  it('怎样报告: 平台的私密报告, 没有编造的邮箱与网址', () => {
    assert.match(TEXT, /通过代码托管平台的私密安全报告/);
    assert.doesNotMatch(TEXT, /@[\w-]+\.|https?:/);
  });
});
