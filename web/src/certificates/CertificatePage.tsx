export function CertificatePage() {
	return <h1>CertificatePage</h1>;
}
