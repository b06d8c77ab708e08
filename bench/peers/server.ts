/** The shop that all tools send the round to, in a process of its own; tells how many requests and connections it saw. */
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import { startShop } from '../../tests/monitor/shop-server.ts';

export interface Started {
  readonly port: number;
  readonly ca: string;
}

export interface Counted {
  readonly requests: number;
  readonly connections: number;
}

const addresses = 256;

async function serve(): Promise<void> {
  const authority = await createAuthority();
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.1.${index}`);
  const shop = await startShop(0, { certificate: await authority.issue({ hosts }), address: '0.0.0.0' });
  process.on('message', () => process.send?.({ requests: shop.requests(), connections: shop.connections() } satisfies Counted));
  process.on('disconnect', () => process.exit());
  process.send?.({ port: shop.port, ca: authority.ca } satisfies Started);
}

void serve();
