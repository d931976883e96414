/** The mark and the name. */
export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="currentColor" />
        <path
          d="M16 5c4.600 5.600 7 9.200 7 12.400a7 7 0 0 1-14 0C9 14.200 11.400 10.600 16 5z"
          fill="#fff"
        />
        <path
          d="M12.600 17.500a3.400 3.400 0 0 0 3.400 3.400"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.800"
          strokeLinecap="round"
        />
      </svg>
      <span>Hydrophone</span>
    </span>
  );
}
