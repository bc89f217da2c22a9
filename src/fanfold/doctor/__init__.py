"""`fanfold doctor`'s eyes: small checks of the gateway and its surroundings. They need no running gateway."""
