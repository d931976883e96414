/** What people read in place of the site's own words: queues, reasons for being away, agents. */
import { useMemo } from 'react';
import type { SiteWord } from '../wire';
import { useLive } from './live';
import { useSession } from './session';
import { useLanguage } from './site';

type Name = (id: string) => string;

/** A word that is in no list, or no more, stays as it is. */
export function useSiteNames(): { queue: Name; reason: Name; agent: Name } {
  const session = useSession(store => (store.state.kind === 'somebody' ? store.state.session : null));
  const agents = useLive(live => live.state.agents);
  const zh = useLanguage() === 'zh';
  return useMemo(() => {
    const nameIn = (words: readonly SiteWord[] | undefined): Name => {
      const names = new Map(words?.map(word => [word.code, zh ? word.name_zh : word.name_en]));
      return id => names.get(id) ?? id;
    };
    return {
      queue: nameIn(session?.queues),
      reason: nameIn(session?.reasons),
      agent: id => agents.get(id)?.name ?? id,
    };
  }, [session, agents, zh]);
}
