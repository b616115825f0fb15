// 体检报告: 给人看的中文, 与给程序看的 JSON
import { EXPLANATIONS, type Finding, type FindingKind } from './findings.js';
import type { Repaired } from './repair.js';

export interface Report {
  readonly storage: string;
  readonly counts: { readonly files: number; readonly messages: number; readonly uploads: number };
  readonly hashed: boolean;
  readonly findings: readonly Finding[];
  /** 有 --repair 才有 */
  readonly repaired?: readonly Repaired[];
}

// 每种问题最多列出这么多个; 其余只报个数, 全部见 --json
const MAX_EXAMPLES = 20;

export function formatReport(report: Report): string {
  const { storage, counts, hashed, findings, repaired } = report;
  const lines = [
    `存储目录 ${storage}`,
    `${counts.files} 个文件, ${counts.messages} 条消息, ${counts.uploads} 次上传的记录${hashed ? '; 已核对 SHA-256' : ''}`,
    '',
  ];
  if (repaired !== undefined) lines.push(...formatRepairs(repaired), '');
  const left = repaired === undefined ? '' : '修复之后 ';
  // 没看过内容就不说内容没有问题
  const scope = hashed ? '' : ' (没有核对文件的内容: 加上 --hashes 才核对)';
  if (findings.length === 0) lines.push(`${left}没有发现问题${scope}`);
  else lines.push(`${left}有 ${findings.length} 处问题`, ...formatFindings(findings, repaired !== undefined));
  return `${lines.join('\n')}\n`;
}

export function formatJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function formatFindings(findings: readonly Finding[], isRepaired: boolean): string[] {
  const groups = new Map<FindingKind, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.kind);
    if (group === undefined) groups.set(finding.kind, [finding]);
    else group.push(finding);
  }
  return [...groups].flatMap(([kind, group]) => {
    const { title, meaning, repair, advice } = EXPLANATIONS[kind];
    const remedy = repair !== undefined && !isRepaired ? [`  --repair 会: ${repair}`] : [];
    return [
      '',
      `${title} (${group.length} 个)`,
      `  ${meaning}`,
      ...remedy,
      ...(advice === undefined ? [] : [`  ${advice}`]),
      ...examples(group.map(({ subject, detail }) => subject + (detail === undefined ? '' : ` (${detail})`))),
    ];
  });
}

function formatRepairs(repaired: readonly Repaired[]): string[] {
  if (repaired.length === 0) return ['没有可以修复的'];
  const actions = repaired.map(({ finding, action }) => `${finding.subject}: ${action}`);
  return [`修复了 ${repaired.length} 处 (没有删除任何东西)`, ...examples(actions)];
}

function examples(texts: readonly string[]): string[] {
  const shown = texts.slice(0, MAX_EXAMPLES).map((text) => `    ${text}`);
  const rest = texts.length - shown.length;
  return rest === 0 ? shown : [...shown, `    ... 还有 ${rest} 个, 全部见 --json`];
}
