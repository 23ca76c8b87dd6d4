import assert from 'node:assert/strict';
import { UserError } from '../../../foundation/errors.ts';
import { fillTemplate } from '../../../scripts/docs/template.ts';

const SOURCES = { paper: { float: '70.5', tf8: '1.8' }, ours: { loss: '68.7' }, later: 'Not yet.' };
const TEMPLATE = `From {{paper.float}} to {{paper.tf8}} %.
{{needs ours}}
A loss of {{ours.loss}}.
{{end}}
{{needs later}}
Then {{later.top1}}.
{{end}}
`;

function refused(template: string, message: RegExp, remedy: RegExp): void {
  assert.throws(
    () => fillTemplate(template, SOURCES),
    (error) =>
      error instanceof UserError && message.test(error.message) && remedy.test(error.remedy!),
  );
}

describe('fillTemplate', () => {
  it('puts figures in, and the words of a source that is missing in place of its part', () => {
    assert.equal(
      fillTemplate(TEMPLATE, SOURCES),
      'From 70.5 to 1.8 %.\nA loss of 68.7.\nNot yet.\n',
    );
  });

  it('refuses a figure that is not there, and names those that are', () => {
    refused(
      `${TEMPLATE}{{paper.top5}}`,
      /^Expected a figure in the template but received \{\{paper\.top5\}\}$/,
      /^There are: paper\.float, paper\.tf8, ours\.loss\.$/,
    );
    refused(`${TEMPLATE}{{theirs.top1}}`, /received \{\{theirs\.top1\}\}/, /There are/);
    refused(`${TEMPLATE}{{}}`, /received \{\{\}\}/, /There are/);
  });

  it('refuses a part that needs a source that is not there', () => {
    refused(
      `${TEMPLATE}{{needs luck}}\n{{end}}\n`,
      /^Expected a source in the template but received \{\{luck\}\}$/,
      /^There are: paper, ours, later\.$/,
    );
  });

  it('refuses a figure of a missing source outside of its part', () => {
    refused(
      `${TEMPLATE}{{later.top1}}`,
      /^Expected later for the figure \{\{later\.top1\}\} but it is missing$/,
      /^Not yet\.\nOr put the figure between \{\{needs later\}\} and \{\{end\}\}\.$/,
    );
  });

  it('refuses a part without an end', () => {
    refused(
      `${TEMPLATE}{{needs ours}}\n{{ours.loss}}\n`,
      /received \{\{needs ours\}\}/,
      /There are/,
    );
  });

  it('refuses a template that leaves a figure out', () => {
    refused('{{paper.float}}{{ours.loss}}', /but it lacks paper\.tf8$/, /Show them/);
  });
});
