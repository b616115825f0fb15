// 架构: 谁可以引用谁 (README 的那张表); 新文件夹须先在这里登记
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findImports, listFiles, readSource, resolveImport, stripComments } from './source-scan.js';

interface Rule {
  /** 可以引用的源文件 (相对 ROOT) */
  readonly inside: RegExp;
  /** 可以引用的包与 node: 模块 */
  readonly outside: RegExp;
}

const NOTHING = /(?!)/;
const ANYTHING = /^/;
// 领域层不碰网络与磁盘: node: 只许 crypto, 包里不许传输, 日志与配置
const DOMAIN = /^(?!node:|uWebSockets\.js$|busboy$|pino|convict$|sharp$|ws$)|^node:crypto$/;
// 只有 transport/ 可以用的两个包
const NO_TRANSPORT = /^(?!uWebSockets\.js$|busboy$)/;

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['src/protocol', { inside: /^src\/protocol\//, outside: NOTHING }],
  // 按地址的配额: 各领域与传输都向它要
  ['src/quota', { inside: /^src\/(?:protocol|quota)\//, outside: NOTHING }],
  ['src/chat', { inside: /^src\/(?:protocol|quota|chat)\//, outside: DOMAIN }],
  ['src/files', { inside: /^src\/(?:protocol|quota|files)\//, outside: DOMAIN }],
  [
    'src/store',
    { inside: /^src\/(?:protocol|quota|store)\/|^src\/(?:chat|files)\/ports\.ts$/, outside: NO_TRANSPORT },
  ],
  // 离线的体检: 与服务器共用存储层的格式, 不碰领域与传输
  [
    'src/doctor',
    {
      inside: /^src\/(?:protocol|quota|store|doctor)\/|^src\/(?:chat|files)\/ports\.ts$/,
      outside: NO_TRANSPORT,
    },
  ],
  ['src/transport', { inside: /^src\/(?:protocol|quota|chat|files|transport)\//, outside: ANYTHING }],
  ['src/test', { inside: /^src\//, outside: ANYTHING }],
  ['src/config', { inside: /^src\/config[\w-]*\.ts$/, outside: NO_TRANSPORT }],
  ['src/log', { inside: /^src\/log[\w-]*\.ts$/, outside: NO_TRANSPORT }],
  ['src/thread-priority.ts', { inside: /^$/, outside: NO_TRANSPORT }],
  ['src/descriptor-limit.ts', { inside: /^$/, outside: NOTHING }],
  ['src/assembly', { inside: /^src\/(?!test\/|main\.ts|server\.ts)/, outside: NO_TRANSPORT }],
  ['src/server.ts', { inside: /^src\/(?!test\/|main\.ts)/, outside: NO_TRANSPORT }],
  ['src/main.ts', { inside: /^src\/(?!test\/)/, outside: NO_TRANSPORT }],
  // 浏览器没有可续算的 SHA-256, 只有上传用得到
  // 网页的层: 网络写模型, 界面读模型, 两边互不认识; app 接线, main.ts 与 globals.d.ts 在最外
  ['web/src/model', { inside: /^(?:web\/src\/model|src\/protocol)\//, outside: NOTHING }],
  ['web/src/net', { inside: /^(?:web\/src\/(?:model|net)|src\/protocol)\//, outside: /^hash-wasm$/ }],
  ['web/src/app', { inside: /^(?:web\/src\/(?:model|net|app)|src\/protocol)\//, outside: NOTHING }],
  ['web/src/i18n', { inside: /^(?:web\/src\/(?:model|i18n)|src\/protocol)\//, outside: NOTHING }],
  ['web/src/view', { inside: /^(?:web\/src\/(?:model|i18n|view)|src\/protocol)\//, outside: NOTHING }],
  ['web/src', { inside: /^(?:web\/src|src\/protocol)\//, outside: NOTHING }],
  // 发消息的步子对着服务器自己的令牌桶测: 照抄一份就测不出两边对不上
  [
    'web/test',
    {
      inside: /^(?:web\/(?:src|test)|src\/(?:protocol|test))\/|^src\/chat\/rate-limit\.ts$/,
      outside: NO_TRANSPORT,
    },
  ],
  // 对照组要用裸的 uWebSockets.js, 只在 peers/
  ['bench/peers', { inside: /^bench\/|^src\/protocol\//, outside: ANYTHING }],
  // 真客户端的压测借用测试的五个小工具: 启动参数, 拖放, 可访问名称, 堆的读数与桌面客户端的窗口只有一份; 其余 web/test 不可引用
  [
    'bench',
    {
      inside: /^bench\/|^src\/protocol\/|^web\/test\/(?:chromium|drop|chat-page|memory|desktop-client)\.ts$/,
      outside: NO_TRANSPORT,
    },
  ],
]);

const CODE = /\.(?:ts|mts|js|mjs)$/;
const SOURCES = ['src', 'web', 'bench'].flatMap((folder) => listFiles(folder, CODE));

function ruleFor(file: string): Rule | undefined {
  // 根下的 config-schema.ts 归 src/config, log-sink.ts 归 src/log
  const group = file.replace(/^(src\/(?:config|log))(?:-[\w-]+)?\.ts$/, '$1');
  for (const [prefix, rule] of RULES) {
    if (group === prefix || group.startsWith(`${prefix}/`)) return rule;
  }
  return undefined;
}

function violations(file: string): string[] {
  const rule = ruleFor(file);
  if (rule === undefined) return [`${file}: 架构表里没有这个位置`];
  return findImports(readSource(file)).flatMap(({ specifier }) => {
    // 目标由变量给出的动态 import 无法检查; 测试与基准里允许
    if (specifier === null)
      return /^(?:src\/test|web\/test|bench)\//.test(file) ? [] : [`${file}: import(...) 的目标须是字面量`];
    const target = resolveImport(file, specifier);
    const allowed = specifier.startsWith('.') ? rule.inside : rule.outside;
    return allowed.test(target) ? [] : [`${file} 不可以引用 ${specifier}`];
  });
}

function filesMatching(files: readonly string[], pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(stripComments(readSource(file))));
}

/** 从每个文件出发找运行时的引用环; 返回环上的路径 */
function findCycle(files: readonly string[]): string[] | undefined {
  const edges = new Map(
    files.map((file) => {
      const values = findImports(readSource(file)).filter(({ typeOnly }) => !typeOnly);
      return [file, values.map(({ specifier }) => resolveImport(file, specifier ?? ''))];
    }),
  );
  const finished = new Set<string>();

  function visit(file: string, trail: readonly string[]): string[] | undefined {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const target of edges.get(file) ?? []) {
      const cycle = visit(target, [...trail, file]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(file);
    return undefined;
  }

  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('架构: 检查器自己', () => {
  it('认得静态, 类型, 转出口, 副作用, 动态引用与 Worker', () => {
    const source = [
      "import a from 'a';",
      "import type { B } from './b.js';",
      "import {\n  c,\n  type D,\n} from './c.js';",
      "export * from './e.js';",
      "export type { F } from './f.js';",
      "import './g.js';",
      "const h = await import('./h.js');",
      "type I = import('./i.js').I;",
      'const j = await import(name);',
      "new Worker(new URL('./k.js', import.meta.url));",
      "// import z from 'z';",
      "const text = 'import y from nowhere'; // import('./x.js')",
      "/** import('./w.js') */",
    ].join('\n');
    const found = findImports(source).map(
      ({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' type' : ''}`,
    );
    const expected = ['a', './b.js type', './c.js', './e.js', './f.js type', './g.js'];
    expected.push('./h.js', './i.js', 'null', './k.js');
    assert.deepEqual(found.sort(), expected.sort());
  });

  it('拒绝表里不许的引用', () => {
    const cases: [string, string, boolean][] = [
      ['src/chat/room.ts', 'node:fs', false],
      ['src/chat/room.ts', 'node:crypto', true],
      ['src/files/naming.ts', 'mime-types', true],
      ['src/files/naming.ts', 'pino', false],
      ['src/store/blobs.ts', 'uWebSockets.js', false],
      ['src/protocol/codec.ts', 'node:buffer', false],
      ['bench/fanout.ts', 'busboy', false],
      ['web/src/main.ts', 'uuid', false],
    ];
    for (const [file, name, allowed] of cases)
      assert.equal(ruleFor(file)?.outside.test(name), allowed, `${file} ${name}`);
    const inside: [string, string, boolean][] = [
      ['src/store/blobs.ts', '../files/ports.js', true],
      ['src/store/blobs.ts', '../files/upload.js', false],
      ['src/transport/ws.ts', '../store/blobs.js', false],
      ['src/chat/room.ts', '../config.js', false],
      ['web/src/main.ts', '../../src/protocol/errors.js', true],
      ['web/src/main.ts', '../../src/server.js', false],
      ['web/src/view/shell/shell.ts', '../../net/api.js', false],
      ['web/src/net/api.ts', '../view/kit/dom.js', false],
      ['web/src/model/people.ts', '../net/api.js', false],
      ['web/src/main.ts', '../test/browser.js', false],
      ['web/test/chat.test.ts', '../../src/test/harness.js', true],
      ['web/test/chat.test.ts', '../../src/server.js', false],
      ['bench/lib/report.ts', '../../src/config.js', false],
      ['bench/web-large.ts', '../web/test/drop.js', true],
      ['bench/web-large.ts', '../web/test/restartable.js', false],
      ['bench/lib/desktop-runs.ts', '../../web/test/desktop-client.js', true],
      ['src/log.ts', './config.js', false],
    ];
    for (const [file, specifier, allowed] of inside) {
      assert.equal(
        ruleFor(file)?.inside.test(resolveImport(file, specifier)),
        allowed,
        `${file} ${specifier}`,
      );
    }
    assert.equal(ruleFor('src/utils/misc.ts'), undefined, '没有登记的文件夹');
  });
});

describe('架构', () => {
  it('每个引用都在表里, 每个文件夹都有登记', () => {
    assert.ok(SOURCES.length > 10, '没有找到源文件');
    assert.deepEqual(SOURCES.flatMap(violations), []);
  });

  it('源文件之间没有运行时的引用环', () => {
    const cycle = findCycle(SOURCES);
    assert.equal(cycle, undefined, cycle?.join(' -> '));
  });

  it('protocol/ 在浏览器里也能用: 不用 Buffer, process 这些 Node 的全局量', () => {
    const globals = /(?<![\w.$'"-])(?:Buffer|process|require|__dirname|__filename|setImmediate)\b(?!['"]?:)/;
    assert.deepEqual(filesMatching(listFiles('src/protocol', CODE), globals), []);
  });

  it('网页: 网络与模型不碰页面, 界面不碰网络', () => {
    const page = /(?<![\w.'"-])(?:document|window|localStorage|sessionStorage|HTML\w*Element)\b(?!['"])/;
    const wire = /(?<![\w.'"-])(?:WebSocket|XMLHttpRequest|fetch|Worker|indexedDB)\s*[(.]/;
    const pure = ['model', 'net', 'app'].flatMap((folder) => listFiles(`web/src/${folder}`, CODE));
    const shown = ['model', 'view', 'i18n'].flatMap((folder) => listFiles(`web/src/${folder}`, CODE));
    assert.ok(pure.length > 10 && shown.length > 10);
    assert.deepEqual(filesMatching(pure, page), []);
    assert.deepEqual(filesMatching(shown, wire), []);
  });

  it('网页: 没有把文字当成 HTML 的写法', () => {
    const html = /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|eval\()|new Function\(/;
    assert.deepEqual(filesMatching(listFiles('web/src', CODE), html), []);
  });

  it('只有 src/config.ts 读 process.env 与 convict', () => {
    const production = listFiles('src', CODE).filter((file) => !file.startsWith('src/test/'));
    const environment = /\bprocess\s*(?:\.\s*env\b|\[)|\benv\b[^=;]*\}\s*=\s*process\b|from 'node:process'/;
    // native.ts 不读设置: 它写一个只有原生文件才读的变量
    const known = ['src/config.ts', 'src/transport/native.ts'];
    assert.deepEqual(filesMatching(production, environment), known);
    assert.deepEqual(filesMatching(production, /from 'convict'/), ['src/config.ts']);
  });

  it('源文件里没有中文引号', () => {
    // 弯引号, 直角引号, 双直角引号各一对; 写成转义, 否则这个文件自己就不合格
    const quotes = /[\u201c\u201d\u2018\u2019\u300c\u300d\u300e\u300f]/;
    const text = /\.(?:ts|mts|js|mjs|py|json|md|html|css|svg|sh|toml|yml|yaml|txt)$|(?:^|\/)\.ci\/run$/;
    const everywhere = listFiles('', text).filter((file) => !/^(?:storage|bench\/results)\//.test(file));
    assert.deepEqual(
      everywhere.filter((file) => quotes.test(readSource(file))),
      [],
    );
  });
});
