"""A spectrum: coalition -> Fourier coefficient, for named players. What every estimator returns."""
