import { CloudDownload } from '@carbon/icons-react';
import type { ReactNode } from 'react';

/** A file of the server, behind something that looks like a button. */
export function DownloadLink({ href, children }: { href: string; children: ReactNode }) {
	return (
		<a
			className="cds--btn cds--btn--tertiary cds--btn--md cds--layout--size-md btn-link"
			href={href}
			download
		>
			{children}
			<CloudDownload size={16} className="cds--btn__icon" />
		</a>
	);
}
