const pinning = /^(ARRAffinity|ASLBSA|x-ms-routing-name)/i;

/** Cookies tie a client to an instance or a slot, and then a synthetic shopper sees less than shoppers do. */
export function cookieWarnings(setCookie: string): string[] {
  // Commas also stand within `expires=Mon, 23 Nov`; a cookie begins with `name=` after a comma or a line end.
  return setCookie.split(/\n|,(?=\s*[\w.-]+=)/).flatMap((cookie) => {
    const name = cookie.trim().split('=')[0] ?? '';
    if (name === '') return [];
    return [pinning.test(name) ? `the store pins clients with the cookie ${name}` : `the store sets the cookie ${name}`];
  });
}
