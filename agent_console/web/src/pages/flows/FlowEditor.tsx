/** A menu as it is written, to be changed: judged by the linter, then published for the calls that come from now on. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/flows';
import { Waiting } from '../../app/App';
import { useLanguage } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import type { FlowFault, FlowView } from '../../wire';

export function FlowEditor({ flow }: { flow: FlowView }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['flow-text', flow.flow, flow.version],
    queryFn: () => api.text(flow.flow),
  });
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  return data ? <Form flow={flow} written={data.text} /> : <Waiting />;
}

function Form({ flow, written }: { flow: FlowView; written: string }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(written);
  const [comment, setComment] = useState('');
  const queries = useQueryClient();
  const check = useMutation({ mutationFn: (text: string) => api.check(flow.flow, text) });
  const publish = useMutation({
    mutationFn: () => api.publish(flow.flow, draft, flow.version, comment),
    onSuccess: () =>
      Promise.all(['flows', 'flow-versions'].map(key => queries.invalidateQueries({ queryKey: [key] }))),
  });
  const judged = check.variables === draft ? check.data : undefined;
  const good = judged?.faults.length === 0 && draft !== written;
  return (
    <div className="flow-editor" data-testid="flow-editor">
      <p className="muted">{t('flows.changeHint')}</p>
      <Input.TextArea
        value={draft}
        onChange={event => setDraft(event.target.value)}
        rows={26}
        spellCheck={false}
        className="flow-text"
        aria-label={t('flows.text')}
        data-testid="flow-text"
      />
      <div className="flow-actions">
        <Button onClick={() => check.mutate(draft)} loading={check.isPending} data-testid="flow-check">
          {t('flows.check')}
        </Button>
        <Input
          value={comment}
          onChange={event => setComment(event.target.value)}
          maxLength={200}
          placeholder={t('flows.comment')}
          aria-label={t('flows.comment')}
        />
        <Button
          type="primary"
          disabled={!good}
          loading={publish.isPending}
          onClick={() => publish.mutate()}
          data-testid="flow-publish"
        >
          {t('flows.publish')}
        </Button>
      </div>
      {check.isError && <ErrorNote error={check.error} />}
      {publish.isError && <ErrorNote error={publish.error} />}
      {judged && <Judgement faults={judged.faults} />}
    </div>
  );
}

function Judgement({ faults }: { faults: FlowFault[] }) {
  const { t } = useTranslation();
  const chinese = useLanguage() === 'zh';
  if (faults.length === 0) {
    return <Alert type="success" showIcon title={t('flows.good')} data-testid="flow-good" />;
  }
  return (
    <Alert
      type="error"
      showIcon
      title={t('flows.faults', { count: faults.length })}
      data-testid="flow-faults"
      description={
        <ul className="plain">
          {faults.map(fault => (
            <li key={`${fault.file} ${fault.line} ${fault.what}`}>
              <b className="mono">
                {fault.file}:{fault.line}
              </b>{' '}
              {chinese ? `${fault.what_zh}。${fault.advice_zh}。` : `${fault.what}. ${fault.advice}.`}
            </li>
          ))}
        </ul>
      }
    />
  );
}
