import { all, api, type ApiToken, type Invitation, type Member } from '../api/client'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

const EVERY = { refetchInterval: every(() => 30) }

export const usersQuery = (): Asked<Member[]> => ({ queryKey: keys.users, queryFn: () => all(api.users), ...EVERY })
export const invitationsQuery = (): Asked<Invitation[]> => ({ queryKey: keys.invitations, queryFn: () => all(api.invitations), ...EVERY })
export const tokensQuery = (): Asked<ApiToken[]> => ({ queryKey: keys.tokens, queryFn: () => all(api.tokens), ...EVERY })
