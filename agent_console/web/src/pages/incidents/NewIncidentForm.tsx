/** The form for a new incident. Its id is made once, so that sending it twice makes no second one. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Button, DatePicker, Form, Input, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import * as api from '../../api/endpoints';
import { useLanguage } from '../../app/site';
import { ErrorNote } from '../../components/Errors';
import type { IncidentList, IncidentView } from '../../wire';

const KINDS: readonly IncidentView['kind'][] = [
  'burst',
  'no_water',
  'do_not_drink',
  'turbid',
  'low_pressure',
  'planned',
];
const EVERYWHERE = 'everywhere';
const STREETS = /^[^\p{Cc}<>{}]{2,60}$/u;

interface Fields {
  kind: IncidentView['kind'];
  zone: string;
  streets_zh: string;
  streets_en: string;
  until?: Dayjs | null;
}

export function NewIncidentForm({ zones }: { zones: IncidentList['zones'] }) {
  const { t } = useTranslation();
  const zh = useLanguage() === 'zh';
  const [form] = Form.useForm<Fields>();
  const id = useRef(crypto.randomUUID());
  const queries = useQueryClient();
  const open = useMutation({
    mutationFn: (fields: Fields) =>
      api.openIncident({
        id: id.current,
        kind: fields.kind,
        zone: fields.zone === EVERYWHERE ? null : fields.zone,
        streets_zh: fields.streets_zh.trim(),
        streets_en: fields.streets_en.trim(),
        until: fields.until ? fields.until.toISOString() : null,
      }),
    onSuccess: async () => {
      id.current = crypto.randomUUID();
      form.resetFields();
      await queries.invalidateQueries({ queryKey: ['incidents'] });
    },
  });
  const streets = (message: string) => [{ required: true, pattern: STREETS, message }];
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      className="incident-form"
      onFinish={fields => open.mutate(fields)}
      data-testid="incident-form"
    >
      <Form.Item
        name="kind"
        label={t('incidents.kind')}
        rules={[{ required: true, message: t('incidents.needKind') }]}
      >
        <Select
          options={KINDS.map(value => ({ value, label: t(`incident.${value}`) }))}
          data-testid="incident-kind"
        />
      </Form.Item>
      <Form.Item
        name="zone"
        label={t('incidents.zone')}
        rules={[{ required: true, type: 'string', message: t('incidents.needZone') }]}
      >
        <Select
          showSearch={{ optionFilterProp: 'label' }}
          options={[
            ...zones.map(zone => ({ value: zone.code, label: zh ? zone.name_zh : zone.name_en })),
            { value: EVERYWHERE, label: t('incidents.everywhere') },
          ]}
          data-testid="incident-zone"
        />
      </Form.Item>
      <Form.Item
        name="streets_zh"
        label={t('incidents.streetsZh')}
        rules={streets(t('incidents.needStreets'))}
      >
        <Input maxLength={60} data-testid="incident-streets-zh" />
      </Form.Item>
      <Form.Item
        name="streets_en"
        label={t('incidents.streetsEn')}
        rules={streets(t('incidents.needStreets'))}
      >
        <Input maxLength={60} data-testid="incident-streets-en" />
      </Form.Item>
      <Form.Item name="until" label={t('incidents.until')}>
        <DatePicker
          showTime={{ format: 'HH:mm', minuteStep: 15 }}
          format="YYYY-MM-DD HH:mm"
          placeholder={t('incidents.unknown')}
          disabledDate={day => day.isBefore(dayjs(), 'day')}
        />
      </Form.Item>
      <Button
        type="primary"
        danger
        htmlType="submit"
        loading={open.isPending}
        className="incident-submit"
        data-testid="incident-submit"
      >
        {t('incidents.open')}
      </Button>
      {open.isError && <ErrorNote error={open.error} />}
    </Form>
  );
}
